"""The plain design, as tutorials show it: a signal receiver calls Elasticsearch in the save.

The benchmarks, the demonstration and the fault tests compare this project with it. They share the document; each has
settings of its own:

- `no_index_settings`: the service without any index, which shows what a write costs by itself.
- `settings`: the service's own views with django-elasticsearch-dsl's RealTimeSignalProcessor, for the benchmarks.
- `demo_settings`: the shortest views that Django REST framework offers, for the demonstration.
- `receivers`: receivers that ignore the engine's errors, for the fault tests.
"""
