"""Diagnostics: which runs are looked at class by class, during training, and in what they confuse."""

from __future__ import annotations

from pydantic import Field

from larvseg.config.base import Model, Seed


class Measured(Model):
    """A run whose numbers are shown: the mean over `seeds`."""

    run: str
    title: str
    training_data: str
    seeds: tuple[Seed, ...] = Field(min_length=1)


class Compared(Model):
    """A run beside another that lacks one thing."""

    title: str
    run: Measured
    without: Measured


class ClassesConfig(Model):
    """The classes of a benchmark: how often each is seen, and how well each run finds it."""

    profile: str
    benchmark: str
    datasets: tuple[str, ...]  # whose training images are counted
    runs: tuple[Measured, ...] = Field(min_length=1)


class RunsFigureConfig(Model):
    """A figure of some runs of one benchmark."""

    figure: str
    profile: str
    benchmark: str
    weak: tuple[str, ...]  # data sets with image labels of its classes, the one with all of them first
    runs: tuple[Measured, ...] = Field(min_length=1)


class SharesConfig(Model):
    """Where the pixels of novel and of base categories go."""

    profile: str
    benchmark: str
    runs: tuple[Measured, ...] = Field(min_length=1)


class GainsConfig(Model):
    """What some runs gain on each class over others, and how often their memory bank saw it."""

    figure: str
    profile: str
    benchmark: str
    pairs: tuple[Compared, ...] = Field(min_length=1)


class ConfusionConfig(RunsFigureConfig):
    """What novel and base categories are taken for."""

    confused: Measured  # the run whose confusions are shown pair by pair
