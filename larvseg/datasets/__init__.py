"""Manifests of the data sets, joint transforms, and the loader of joint training steps."""
