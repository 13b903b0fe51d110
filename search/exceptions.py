"""The errors of this package. A class is named for the fact; its docstring is its text, and says what to do next."""

from typing import Any


class SearchError(Exception):
    """Base of this package's errors. Do not raise it directly."""

    def __init__(self, detail: object = "") -> None:
        self.detail = detail
        super().__init__(f"{type(self).__doc__} ({detail})" if detail else type(self).__doc__)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the detail: Exception would pickle the whole text and pass it to __init__ as the detail."""
        return type(self), (self.detail,)


class UnsupportedDatabase(SearchError):
    """This database cannot capture changes. Use PostgreSQL or SQLite."""


class CaptureBusy(SearchError):
    """The triggers could not be changed because a table is locked. Run the command again."""


class AliasIsAnIndex(SearchError):
    """An index has the name that should be an alias. Run `manage.py search_index --adopt`, or delete the index."""


class AliasIsShared(SearchError):
    """The alias names more than one index. Remove it from all but the one that should be searched."""


class EngineUnavailable(SearchError):
    """Elasticsearch does not answer. Start it, or set ELASTICSEARCH_URL to its address."""


class EngineRefused(SearchError):
    """Elasticsearch refused the request. Remove the cause that it gives, then try again."""


class UnknownModel(SearchError):
    """No registered document has this model or app. Pass --models one that has."""


class NoIndex(SearchError):
    """There is no index yet. Run `manage.py search_index --create`."""


class RebuildIncomplete(SearchError):
    """The new index differs from the database, so the old one stays live. Correct the rows and rebuild again."""


class RebuildRunning(SearchError):
    """A rebuild is running. Wait for it to end; if its process has died, resume it after 15 seconds."""


class RebuildLost(SearchError):
    """Another process has taken over this rebuild. Let that process finish it."""


class NothingToDo(SearchError):
    """Base of the errors that stop one document but not the others. Do not raise it directly."""


class NothingToResume(NothingToDo):
    """There is no interrupted rebuild. Run `manage.py search_index --rebuild`."""


class FingerprintMismatch(SearchError):
    """The interrupted rebuild was started by code with another mapping. Run `manage.py search_index --rebuild`."""


class IndexIsNewer(SearchError):
    """The live index was created by newer code, and this code would write outdated documents. Run the newer code."""


class NoStandbyIndex(NothingToDo):
    """There is no standby index to roll back to. Rebuild with --standby next time."""


class NothingToAdopt(NothingToDo):
    """No plain index has the alias's name. Run `manage.py search_index --create`."""


class AliasMismatch(SearchError):
    """The alias names an index that is not recorded as live. Run `manage.py search_index --create`."""


class RowsRefused(SearchError):
    """Elasticsearch refused some rows. Correct them or the mapping, then run the command again."""


class DatabaseUnavailable(SearchError):
    """The database does not answer. Start it, or set DATABASE_URL to its address."""


class DatabaseRefused(SearchError):
    """The database refused the query. Remove the cause that it gives, then try again."""


class NotMigrated(SearchError):
    """The database is not migrated. Run `manage.py migrate`."""


class NotADeadLetter(SearchError):
    """No dead letter has this key. See `manage.py search_dead_letters list`."""


class InvalidFilter(SearchError):
    """The rows cannot be filtered like this. Use fields and values of the model, as in a queryset's filter()."""


class IncompatibleOptions(SearchError):
    """These options cannot be combined. See `manage.py search_index --help`."""


class WorkerDied(SearchError):
    """A worker process of the rebuild has died. Run `manage.py search_index --resume`."""


class InvalidQuery(SearchError):
    """The text cannot be searched. Use at most 16 words; the beginning of a word is enough, without * or ?."""


class InvalidCursor(SearchError):
    """The cursor does not belong to this search. Start again without it."""


class CursorExpired(SearchError):
    """The cursor has expired. Start again without it."""


class SearchTooSlow(SearchError):
    """The search took too long. Narrow it, or try again later."""
