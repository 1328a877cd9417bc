"""Rooms that are dear to make, made once per session."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from tests.flows.shell import Room


@pytest.fixture(scope="session")
def founded_room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """2-of-3, everybody has accepted the charter. Copy it."""
    room = Room(tmp_path_factory.mktemp("founded"))
    room.found()
    return room


@pytest.fixture(scope="session")
def keyed_room(founded_room: Room, tmp_path_factory: pytest.TempPathFactory) -> Room:
    """2-of-3 with a key that everybody knows. Copy it."""
    room = founded_room.copy(tmp_path_factory.mktemp("keyed"))
    room.keygen()
    room.round("alice", "bob")  # the last nonces reach those who may open requests
    return room


@pytest.fixture
def founded(founded_room: Room, tmp_path: Path) -> Room:
    """A founded room of this test's own."""
    return founded_room.copy(tmp_path / "room")


@pytest.fixture
def keyed(keyed_room: Room, tmp_path: Path) -> Room:
    """A room with a key, of this test's own."""
    return keyed_room.copy(tmp_path / "room")


@pytest.fixture
def empty(tmp_path: Path) -> Callable[[], Room]:
    """A room without stations."""
    return lambda: Room(tmp_path / "room")
