"""The errors of search. Each is named for the fact; its docstring is its text and says what to do next."""


class SearchError(Exception):
    """Base of this package's errors. Do not raise it directly."""

    def __init__(self, detail: object = "") -> None:
        self.detail = detail
        super().__init__(f"{type(self).__doc__} ({detail})" if detail else type(self).__doc__)


class UnsupportedDatabase(SearchError):
    """This database cannot capture changes. Use PostgreSQL or SQLite."""


class CaptureBusy(SearchError):
    """The triggers could not be changed, since a table is in use. Run the command again."""


class AliasIsAnIndex(SearchError):
    """A real index has the name that should be an alias. Run `manage.py search_index --adopt` first, or delete it."""


class AliasIsShared(SearchError):
    """The alias names more than one index. Take it from all but the one that is to be searched."""


class EngineUnavailable(SearchError):
    """Elasticsearch does not answer. Start it, or set ELASTICSEARCH_URL to where it is."""


class EngineRefused(SearchError):
    """Elasticsearch refused the call. Read its reason and mend that first."""


class UnknownModel(SearchError):
    """No registered document has this model or app. Give --models one that has."""


class NoIndex(SearchError):
    """There is no index yet. Run `manage.py search_index --create`."""


class RebuildIncomplete(SearchError):
    """The new index lacks what the database holds, so the old one stays live. Mend the rows and rebuild again."""


class RebuildRunning(SearchError):
    """A rebuild is under way. Wait for it; one whose process has died can be resumed within 15 seconds."""


class RebuildLost(SearchError):
    """Another process has taken this rebuild over. Leave it to that one."""


class NothingToDo(SearchError):
    """Base of what stops one document and need not stop the others. Do not raise it directly."""


class NothingToResume(NothingToDo):
    """No rebuild was interrupted. Run `manage.py search_index --rebuild`."""


class FingerprintMismatch(SearchError):
    """The interrupted rebuild is of code with another mapping. Begin anew: `manage.py search_index --rebuild`."""


class IndexIsNewer(SearchError):
    """The live index is of newer code, whose documents this code would spoil. Run that code."""


class NoStandbyIndex(NothingToDo):
    """No index stands by to roll back to. Next time rebuild with --standby."""


class NothingToAdopt(NothingToDo):
    """No plain index has the alias's name. Run `manage.py search_index --create`."""


class AliasMismatch(SearchError):
    """The alias names another index than the database takes for live. Run `manage.py search_index --create`."""


class RowsRefused(SearchError):
    """Elasticsearch refused some rows. Mend them, or the mapping, and run this again."""


class DatabaseUnavailable(SearchError):
    """The database does not answer. Start it, or set DATABASE_URL to where it is."""


class DatabaseRefused(SearchError):
    """The database refused. Read its reason and mend that first."""


class NotMigrated(SearchError):
    """The database lacks what this needs. Run `manage.py migrate`."""


class NotADeadLetter(SearchError):
    """No dead letter has this key. See `manage.py search_dead_letters list`."""


class InvalidFilter(SearchError):
    """No rows can be chosen so. Give fields and values of the model, as in a queryset's filter()."""


class IncompatibleOptions(SearchError):
    """These flags do not go together. See `manage.py search_index --help`."""


class WorkerDied(SearchError):
    """A process that fills the index has died. Run `manage.py search_index --resume`."""


class InvalidQuery(SearchError):
    """This text cannot be searched for. Give up to 16 words; the beginning of one is enough, without * or ?."""


class InvalidCursor(SearchError):
    """This cursor is none of this search's. Begin again without it."""


class CursorExpired(SearchError):
    """This cursor is too old. Begin again without it."""


class SearchTooSlow(SearchError):
    """The search took too long. Search for less, or again in a moment."""
