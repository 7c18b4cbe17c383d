"""From a suite to stored records: plan, run, store."""

PACKAGES = ("problems", "optimizers")  # what core.registry.load imports beside plugins
