"""Networks that propose masks from learned queries, shared by ZSBaseline and OpenSeg."""
