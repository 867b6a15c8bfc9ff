"""How many examples the property tests may try: they share one core with everything else."""

from hypothesis import HealthCheck, settings

# In CI (the variable CI is set) Hypothesis derandomizes on its own.


def examples(at_most: int) -> settings:
    """Return a setting that bounds a property's examples, and does not mind a busy machine."""
    return settings(
        max_examples=at_most,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
