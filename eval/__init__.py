"""The evaluation: sets, metrics, intervals, benchmarks and reports over the whole product."""
