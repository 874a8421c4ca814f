"""What was computed last is kept, and no more than that."""

import pytest

from rag.memory import Memory


def test_only_kept_keys_are_known() -> None:
    memory = Memory[str, int](3)
    memory.keep({"a": 1, "b": 2})

    assert memory.known(["b", "c"]) == {"b": 2}


def test_what_nobody_asked_for_longest_is_forgotten() -> None:
    memory = Memory[str, int](2)
    memory.keep({"a": 1, "b": 2})
    memory.known(["a"])

    memory.keep({"c": 3})

    assert memory.known(["a", "b", "c"]) == {"a": 1, "c": 3}


def test_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more, was: 0"):
        Memory[str, int](0)
