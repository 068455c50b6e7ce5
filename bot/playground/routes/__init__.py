"""The operations of the REST API that the playground serves, by the thing they are about."""
