"""The drawn miniature world behind the `mini` and `smoke` profiles."""
