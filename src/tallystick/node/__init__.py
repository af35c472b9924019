"""The live node: settings, clock, keys, tasks, metrics and logs put together."""
