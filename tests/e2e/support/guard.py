"""Access lists of a Kafka with users: what the router's user may do, changed while it runs.

The router logs in as USER. At first it may do everything, by lists that allow it; a denial beats them, and can be taken back.
"""

import dataclasses
from collections.abc import Callable

from broker import Kafka, Settings
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, ResourcePatternType,
                                   ResourceType, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion)

from .cluster import client_properties
from .wait import until

USER, PASSWORD = "router", "router-secret"
SCRAM = {"scram-sha-256": ScramMechanism.SCRAM_SHA_256, "scram-sha-512": ScramMechanism.SCRAM_SHA_512}

TOPIC, GROUP, TRANSACTIONAL_ID, CLUSTER = (ResourceType.TOPIC, ResourceType.GROUP, ResourceType.TRANSACTIONAL_ID, ResourceType.BROKER)
CLUSTER_NAME = "kafka-cluster"  # the name of the one resource of kind CLUSTER
ALL, READ, WRITE, CREATE, DESCRIBE = (AclOperation.ALL, AclOperation.READ, AclOperation.WRITE, AclOperation.CREATE, AclOperation.DESCRIBE)


def guarded_settings(**more) -> Settings:
    """The settings of a Kafka that Guard is for."""
    return Settings(users={USER: PASSWORD}, **more)


def login(mechanism: str = "plain") -> dict[str, str]:
    """The router's environment: who it is."""
    return {"KAFKA_SASL_MECHANISM": mechanism, "KAFKA_SASL_USERNAME": USER, "KAFKA_SASL_PASSWORD": PASSWORD}


class Guard:
    """Every change is in force when the function returns: the broker checks the next request by it."""

    def __init__(self, kafka: Kafka) -> None:
        self.brokers = kafka.login
        self._admin = AdminClient(client_properties(kafka.bootstrap))

    def open(self) -> None:
        """Takes back every denial and every single permission: the router may do everything."""
        self.clear()
        for kind in (TOPIC, GROUP, TRANSACTIONAL_ID):
            self.allow(kind, "*", ALL)
        self.allow(CLUSTER, CLUSTER_NAME, ALL)

    def clear(self) -> None:
        """Removes every list: the router may do nothing, until it is allowed to."""
        self._delete(Entry(ResourceType.ANY, None, AclOperation.ANY, AclPermissionType.ANY, ResourcePatternType.ANY))

    def allow(self, kind: ResourceType, name: str, *operations: AclOperation, prefixed: bool = False) -> None:
        """Allows operations on a resource, or on all whose name begins so; the name `*` means every one of its kind."""
        self._create(kind, name, operations, AclPermissionType.ALLOW, prefixed)

    def deny(self, kind: ResourceType, name: str, *operations: AclOperation, prefixed: bool = False) -> None:
        """Denies operations on a resource, whatever else allows them."""
        self._create(kind, name, operations, AclPermissionType.DENY, prefixed)

    def grant(self, kind: ResourceType, name: str) -> None:
        """Takes back every denial that was made with this name, as a name or as a prefix."""
        self._delete(Entry(kind, name, AclOperation.ANY, AclPermissionType.DENY, ResourcePatternType.ANY))

    def scram(self) -> None:
        """Gives the router's user a login by each SCRAM mechanism, with the same password."""
        upserts = [UserScramCredentialUpsertion(USER, ScramCredentialInfo(mechanism, 4096), PASSWORD.encode()) for mechanism in SCRAM.values()]
        for upsert in upserts:
            self._admin.alter_user_scram_credentials([upsert])[USER].result(15)
        until(lambda: self._scram_logins() == len(upserts), "the logins by SCRAM are known")

    def _scram_logins(self) -> int:
        return len(self._admin.describe_user_scram_credentials([USER])[USER].result(15).scram_credential_infos)

    def _create(self, kind: ResourceType, name: str, operations: tuple[AclOperation, ...], permission: AclPermissionType, prefixed: bool) -> None:
        assert operations, "at least one operation"
        pattern = ResourcePatternType.PREFIXED if prefixed else ResourcePatternType.LITERAL
        entries = [Entry(kind, name, operation, permission, pattern) for operation in operations]
        for future in self._admin.create_acls([entry.binding() for entry in entries]).values():
            future.result(15)
        self._await(lambda: all(self._found(entry) for entry in entries))

    def _delete(self, entry: "Entry") -> None:
        (future,) = self._admin.delete_acls([entry.filter()]).values()
        future.result(15)
        self._await(lambda: not self._found(entry))

    def _found(self, entry: "Entry") -> list[AclBinding]:
        return self._admin.describe_acls(entry.filter()).result(15)

    def _await(self, known: Callable[[], bool]) -> None:
        until(known, "the broker knows of the change")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of a list, about the router's user; in a filter ANY and None match everything."""

    kind: ResourceType
    name: str | None
    operation: AclOperation
    permission: AclPermissionType
    pattern: ResourcePatternType

    def binding(self) -> AclBinding:
        return AclBinding(*self._parts())

    def filter(self) -> AclBindingFilter:
        return AclBindingFilter(*self._parts())

    def _parts(self) -> tuple:
        return self.kind, self.name, self.pattern, f"User:{USER}", "*", self.operation, self.permission
