"""Names of processors: each spelling that is met finds the key of the table, and no other chip's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.power.cpu_name import key_of, names_a_server, words_in_brackets
from exporter.power.tables import read

KEYS = [row["cpu"] for row in read("server_watts_by_cpu")]


@pytest.mark.parametrize("key", KEYS)
def test_the_keys_of_the_table_are_in_the_form_that_names_are_brought_into(key: str) -> None:
    assert key_of(key) == key


@given(st.text(max_size=120) | st.text(alphabet="intelamdxeonepyc()@ -+0123456789vV.GHz,", max_size=80))
def test_a_key_is_its_own_key(name: str) -> None:
    key = key_of(name)
    assert key_of(key) == key
    assert isinstance(names_a_server(name), bool)
    assert isinstance(words_in_brackets(name), tuple)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Intel(R) Xeon(R) CPU E3-1240v2 @ 3.40GHz", "xeon e3-1240 v2"),
        ("Intel(R) Xeon(R) CPU E31270 @ 3.40GHz", "xeon e3-1270"),
        ("Intel(R) Xeon(R) CPU           E5540  @ 2.53GHz", "xeon e5540"),
        ("Intel(R) Core(TM) i3 CPU         540  @ 3.07GHz", "core i3-540"),
        ("AMD Opteron(tm) Processor 4164EE", "opteron 4164 ee"),
        ("Six-Core AMD Opteron(tm) Processor 2419 EE", "opteron 2419 ee"),
        ("Intel(R) Xeon(R) D-2776NT CPU @ 2.10GHz", "xeon d-2776nt"),
        ("xeon-d 2776nt", "xeon d-2776nt"),
        ("AMD EPYC 7601 32-Core Processor", "epyc 7601"),
        ("Intel(R) Xeon(R) Platinum 8176M CPU @ 2.10GHz", "xeon platinum 8176m"),
        ("AMD Ryzen 5 5600U with Radeon Graphics", "ryzen 5 5600u"),
        ("11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz", "core i7-1165g7"),
        ("Genuine Intel® CPU 0000 2.4 GHz, 64-bit", "0000"),
    ],
)
def test_spellings(name: str, key: str) -> None:
    assert key_of(name) == key


def test_only_lines_of_servers_name_a_server() -> None:
    servers = ("Intel Xeon Processor (Icelake)", "AMD EPYC", "AMD Opteron(tm) Processor 6276")
    others = ("Intel(R) Xeon(R) W-2145 CPU", "Intel(R) Xeon(R) w7-3465X", "AMD Ryzen Threadripper 3990X", "QEMU", "")
    assert all(names_a_server(name) for name in servers)
    assert not any(names_a_server(name) for name in others)
