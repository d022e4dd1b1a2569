"""The kernel's description of its types: fields are found wherever they stand, and damage ends in one line."""

import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.process_bytes.ebpf.btf import Field, Kind, kernel_types
from exporter.sources.process_bytes.ebpf.layout import layout_of, wanted_types
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError
from tests.exporter.sources.process_bytes.ebpf.description import Description


def kernel() -> bytes:
    """Return the types of a small kernel: nested, nameless, renamed, of bits, and functions."""
    made = Description()
    number = made.add(Kind.INT, "unsigned int", 4, struct.pack("<I", 32))
    renamed = made.add(Kind.TYPEDEF, "u32", made.add(Kind.CONST, "", number))
    pointer = made.add(Kind.POINTER, "", number)
    name = made.add(Kind.ARRAY, "", 0, struct.pack("<III", number, number, 4))
    inner = made.structure("", 8, ("deep", renamed, 32), kind=Kind.UNION)
    outer = made.structure("", 16, ("", inner, 0), ("pointer", pointer, 64))
    made.structure(
        "thing", 48, ("first", number, 0), ("", outer, 64), ("name", name, 192), ("bits", number, 2 << 24 | 32)
    )
    call = made.add(Kind.PROTOTYPE, "", number, struct.pack("<6I", 0, number, 0, pointer, 0, number), parts=3)
    made.add(Kind.FUNCTION, "work", call, parts=1)
    made.add(Kind.TYPEDEF, "btf_trace_event", made.add(Kind.POINTER, "", call))
    return made.content()


WANTED = [(Kind.STRUCT, "thing"), (Kind.FUNCTION, "work"), (Kind.TYPEDEF, "btf_trace_event"), (Kind.STRUCT, "absent")]


def ask(path: Path) -> list[object]:
    with kernel_types(path, WANTED) as types:
        fields = [types.field("thing", name) for name in ("first", "deep", "pointer", "name")]
        calls = [types.parameters(found) for one in WANTED[1:3] if (found := types.number(*one)) is not None]
        return [*fields, *calls, types.number(*WANTED[3])]


def written(folder: Path, content: bytes) -> Path:
    path = folder / "types"
    path.write_bytes(content)
    return path


def test_fields_and_parameters_are_found_wherever_they_stand(tmp_path: Path) -> None:
    fields = [Field(0, 4), Field(12, 4), Field(16, 8), Field(24, 16)]
    assert ask(written(tmp_path, kernel())) == [*fields, 3, 3, None]


@pytest.mark.parametrize("name", ["bits", "missing", "thing"])
def test_a_field_that_is_no_whole_bytes_is_missing(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, kernel())
    with (
        pytest.raises(EbpfUnavailableError, match=f"no field {name} in struct thing"),
        kernel_types(path, WANTED) as types,
    ):
        types.field("thing", name)


def test_a_kernel_without_types_says_so(tmp_path: Path) -> None:
    with pytest.raises(EbpfUnavailableError, match=r"does not describe its types: .* is missing"):
        ask(tmp_path / "none")


@given(st.data())
def test_damage_ends_in_one_line(data: st.DataObject) -> None:
    """Whatever bytes stand there, the answer is fields within them or the one error, and it comes."""
    content = bytearray(kernel())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    length = data.draw(st.integers(0, len(content)))
    with TemporaryDirectory() as folder:
        try:
            answers = ask(written(Path(folder), bytes(content[:length])))
        except EbpfUnavailableError as error:
            assert "\n" not in str(error)
        else:
            assert len(answers) >= 5


def test_a_structure_within_itself_ends(tmp_path: Path) -> None:
    made = Description()
    made.structure("thing", 8, ("", 1, 0), ("", 1, 64))
    with pytest.raises(EbpfUnavailableError, match="no field first"):
        ask(written(tmp_path, made.content()))


@pytest.mark.skipif(not Path("/sys/kernel/btf/vmlinux").exists(), reason="this kernel does not describe its types")
def test_this_kernel_has_all_fields() -> None:
    with kernel_types(Path("/sys/kernel/btf/vmlinux"), wanted_types()) as types:
        layout = layout_of(types)
    assert len({layout.family.offset, layout.protocol.offset, layout.peer4.offset, layout.own4.offset}) == 4
