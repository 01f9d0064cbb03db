"""One sweep: find what is due, and claim, render, send and record each delivery.

`sweep` finds; `dispatch` gives each channel its deliveries and a `channel_run`; there they go through `claims`,
`rendering`, `senders` and `recorder`, and `outcomes` counts them; `summary` is what the run did, over all channels.
"""
