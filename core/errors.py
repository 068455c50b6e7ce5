"""Every exception that Atelier raises on purpose.

AtelierError
├── UserError                 its text is safe to show and says what to do
│   ├── InvalidInput          a value, a picture or a sound that cannot be used
│   ├── NotFound              nothing of that name or number in this guild
│   ├── NotAllowed            the person may not do that
│   └── Conflict              it clashes with what exists or with what happens now
└── Fault                     ours; logged with a traceback, the user gets a reference
    ├── SettingsError         a setting is missing or wrong; the program does not start
    ├── StorageFault          a blob is missing or does not match its hash
    ├── WorkerLost            the worker process ended while it had work
    └── ModelFault            a model folder or an adapter cannot be loaded
"""


class AtelierError(Exception):
    """The root of the tree."""


class UserError(AtelierError):
    """Something that the person can mend; `str(error)` is a whole sentence for them."""


class InvalidInput(UserError):
    """A value, a picture or a sound cannot be used as it is."""


class NotFound(UserError):
    """Nothing of that name or number exists in this guild."""


class NotAllowed(UserError):
    """The person lacks the permission or does not own the thing."""


class Conflict(UserError):
    """The wish clashes with what exists or with what is happening."""


class Fault(AtelierError):
    """Something that only the operator or a developer can mend."""


class SettingsError(Fault):
    """A setting is missing or wrong; raised at start, names the setting."""


class StorageFault(Fault):
    """A blob is missing or its bytes do not match its hash."""


class WorkerLost(Fault):
    """The worker process ended while it had work."""


class ModelFault(Fault):
    """A model folder or an adapter cannot be loaded."""
