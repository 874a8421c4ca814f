"""Dense search and the indexes of both sides: means, exactness, what is stored and read back."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pytest

from index import dense
from index.dense import DenseIndex, centre, passage_mean, stored_means, whiten, whitening
from index.errors import DamagedStoreError
from index.indexes import SIDES, SideIndex, is_current, make_indexer, read
from index.language import Side, side
from index.lexical import PARTS
from index.texts import DocumentInfo
from index.types import Chunk
from index.words import words

Matrix = npt.NDArray[np.float32]
MODEL = "multilingual-e5-small"
LINES = (
    ("zh-Hans", "启衡的年产能为六万片。"),
    ("en", "Lingchuan packages chips in Hsinchu."),
    ("zh-Hant", "嶺川的產能為一萬八千片。"),
    ("zh-Hans", "据布朗利说，2024年的收入为500亿元。"),
    ("en", "Brownlee said that revenue was 50 billion in 2024."),
    ("ja", "工場は新竹にあります。"),
)


def unit(count: int, dimension: int, seed: int = 1) -> Matrix:
    rows = np.random.default_rng(seed).normal(size=(count, dimension))
    units: Matrix = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return units


# --- means ---------------------------------------------------------------------------------------------------------


def test_centring_takes_the_mean_away_and_makes_length_one_again() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]], dtype=np.float32)
    mean = np.array([0.5, 0.5], dtype=np.float32)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(centre(vectors, mean), [[half, -half], [-half, half], [0.0, 0.0]], atol=1e-6)


def test_a_side_without_a_stored_mean_takes_its_own() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    none = np.zeros(2, dtype=np.float32)
    np.testing.assert_allclose(passage_mean(vectors, none), [0.5, 0.5])
    np.testing.assert_array_equal(passage_mean(vectors[:0], none), none)


def test_few_passages_keep_near_the_stored_mean_and_many_outweigh_it() -> None:
    prior = np.array([1.0, 0.0], dtype=np.float32)
    vectors = np.tile(np.array([[0.0, 1.0]], dtype=np.float32), (200, 1))
    np.testing.assert_array_equal(passage_mean(vectors[:0], prior), prior)
    assert passage_mean(vectors[:2], prior)[0] > 0.98
    np.testing.assert_allclose(passage_mean(vectors, prior), [0.5, 0.5], atol=1e-6)  # as many as the stored one counts
    assert passage_mean(np.tile(vectors, (100, 1)), prior)[1] > 0.98


def test_the_means_of_the_bundled_model_differ_by_side_and_kind() -> None:
    means = stored_means(MODEL, 384)
    kept = [means.passages["zh"], means.passages["en"], means.questions["zh"], means.questions["en"]]
    assert all(mean.shape == (384,) and 0.5 < np.linalg.norm(mean) < 1.0 for mean in kept)
    assert all(np.abs(a - b).max() > 0.01 for i, a in enumerate(kept) for b in kept[:i])
    assert not any(mean.any() for mean in stored_means("nobody/model", 8).passages.values())


def test_whitening_holds_down_what_varies_most_half_way_and_less_where_passages_are_few() -> None:
    spread = np.array([4.0, 1.0, 1.0, 1.0], dtype=np.float32)
    many = np.random.default_rng(5).normal(size=(200_000, 4)).astype(np.float32) * spread
    taken = whitening(many)
    np.testing.assert_allclose(taken, taken.T, atol=1e-6)
    # The fourth root of a variance of 16 to 1: by half, what whitening in full would hold down by a fourth.
    assert taken[0, 0] / taken[1, 1] == pytest.approx(0.5, abs=0.01)
    few = whitening(many[:100])
    assert 0.8 < few[0, 0] / few[1, 1] < 1.0
    for count in (0, 1):
        np.testing.assert_array_equal(whitening(many[:count]), np.eye(4))
    same = whitening(np.ones((5, 4), dtype=np.float32))
    assert np.isfinite(same).all()
    lengths = np.linalg.norm(whiten(many[:50], taken), axis=1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-5)
    np.testing.assert_array_equal(whiten(np.zeros((1, 4), dtype=np.float32), taken), np.zeros((1, 4)))


def test_the_covariance_is_the_same_in_blocks_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit(50, 6)
    whole = whitening(vectors)
    monkeypatch.setattr(dense, "_BLOCK", 7)
    np.testing.assert_allclose(whitening(vectors), whole, atol=1e-6)


# --- one index -----------------------------------------------------------------------------------------------------


def test_search_is_exact_and_names_rows_of_the_whole_collection() -> None:
    vectors, query = unit(60, 16), unit(1, 16, seed=2)[0]
    rows = np.arange(60, dtype=np.int64) * 3 + 5
    mean = passage_mean(vectors, np.zeros(16, dtype=np.float32))
    found, cosines = dense.build(centre(vectors, mean), rows).search(query, 10)
    expected = centre(vectors, mean) @ query
    best = np.argsort(-expected)[:10]
    np.testing.assert_array_equal(found, rows[best])
    np.testing.assert_allclose(cosines, expected[best], atol=1e-5)


def test_a_smaller_limit_gives_the_beginning_and_a_larger_one_all() -> None:
    vectors, query = unit(9, 8), unit(1, 8, seed=2)[0]
    index = dense.build(vectors, np.arange(9, dtype=np.int64))
    every = index.search(query, 100)[0].tolist()
    assert sorted(every) == list(range(9))
    assert all(index.search(query, limit)[0].tolist() == every[:limit] for limit in range(1, 9))


def test_a_side_without_passages_finds_none() -> None:
    index = dense.build(np.zeros((0, 8), dtype=np.float32), np.zeros(0, dtype=np.int64))
    for each in (index, DenseIndex.from_bytes(index.to_bytes())):
        rows, cosines = each.search(unit(1, 8)[0], 5)
        assert each.size == len(rows) == len(cosines) == 0


@pytest.mark.parametrize("exact_up_to", [10_000, 100])
def test_an_index_comes_back_from_its_bytes_and_finds_the_same(exact_up_to: int) -> None:
    vectors, queries = unit(1500, 24), unit(20, 24, seed=3)
    mean = vectors.mean(axis=0)
    index = dense.build(centre(vectors, mean), np.arange(1500, dtype=np.int64), exact_up_to=exact_up_to)
    again = DenseIndex.from_bytes(index.to_bytes())
    assert again.to_bytes() == index.to_bytes()
    expected = np.argsort(-(queries @ centre(vectors, mean).T), axis=1)[:, :10]
    recalled = 0
    for query, best in zip(queries, expected, strict=True):
        found = again.search(query, 10)[0]
        np.testing.assert_array_equal(found, index.search(query, 10)[0])
        recalled += len(set(found.tolist()) & set(best.tolist()))
    assert recalled >= (200 if exact_up_to == 10_000 else 196)  # the graph keeps a recall of .98


@pytest.mark.parametrize("data", [b"", b"IxM2", b"no index at all", bytes(200)])
def test_bytes_that_are_no_index_are_a_named_error(data: bytes) -> None:
    with pytest.raises(DamagedStoreError, match="wenju verify") as caught:
        DenseIndex.from_bytes(data)
    assert "\n" not in str(caught.value)


# --- both sides ----------------------------------------------------------------------------------------------------


class Kept:
    """What a generation keeps, in memory."""

    def __init__(
        self, files: Mapping[str, bytes], extra: Mapping[str, object], chunks: Sequence[Chunk] = (), title: str = ""
    ) -> None:
        self.files, self.extra, self.chunks, self.title = files, extra, chunks, title

    def read_bytes(self, name: str) -> bytes:
        return self.files[name]

    def array(self, name: str) -> npt.NDArray[np.int64]:
        import io

        kept: npt.NDArray[np.int64] = np.load(io.BytesIO(self.files[name]), allow_pickle=False)
        return kept

    def all_chunks(self) -> Iterator[Chunk]:
        return iter(self.chunks)

    def document_rows(self) -> list[DocumentInfo]:
        return [DocumentInfo("d", self.title, "/d.txt", "en", "", 0, len(self.chunks), 0)]


def kept(lines: Sequence[tuple[str, str]], vectors: Matrix, base: Kept | None = None) -> Kept:
    chunks = [Chunk(f"d-{text}", "d", 0, len(text), text, language) for language, text in lines]
    files, extra = make_indexer("nobody/model")(chunks, [text for _, text in lines], vectors, base or Kept({}, {}))
    return Kept(files, extra, chunks)


def indexes_of(lines: Sequence[tuple[str, str]], vectors: Matrix) -> dict[Side, SideIndex]:
    return read(kept(lines, vectors)).sides


def test_each_side_holds_its_own_passages_with_their_rows_and_words() -> None:
    vectors = unit(len(LINES), 8)
    found = indexes_of(LINES, vectors)
    assert found["zh"].rows.tolist() == [0, 2, 3, 5] and found["en"].rows.tolist() == [1, 4]
    for name, index in found.items():
        assert index.side == name and index.dense.size == index.lexical.size == len(index.rows)
        np.testing.assert_allclose(index.mean, vectors[index.rows].mean(axis=0), atol=1e-6)
        assert index.lexical.lengths.tolist() == [len(words(LINES[row][1])) for row in index.rows]
    assert found["zh"].lexical.document_frequency("产能") == 2  # in either script
    assert found["en"].lexical.document_frequency("产能") == 0
    assert all(index.lexical.document_frequency("n:50000000000") == 1 for index in found.values())
    assert all(index.lexical.document_frequency("~BLNL") == 1 for index in found.values())  # Brownlee, by its sound


@pytest.mark.parametrize("name", SIDES)
def test_a_side_is_the_same_whether_or_not_the_other_is_there(name: Side) -> None:
    vectors = unit(len(LINES), 8)
    own = [row for row, (language, _) in enumerate(LINES) if side(language) == name]
    together = indexes_of(LINES, vectors)[name]
    alone = indexes_of([LINES[row] for row in own], vectors[own])
    other = alone["en" if name == "zh" else "zh"]
    assert len(other.rows) == other.dense.size == other.lexical.size == 0
    np.testing.assert_array_equal(alone[name].mean, together.mean)
    np.testing.assert_array_equal(alone[name].whitening, together.whitening)
    for part in PARTS:
        np.testing.assert_array_equal(getattr(alone[name].lexical, part), getattr(together.lexical, part))
    rows, cosines = alone[name].dense.search(vectors[0], 10)
    there, same = together.dense.search(vectors[0], 10)
    assert [own[row] for row in rows.tolist()] == there.tolist()
    np.testing.assert_array_equal(cosines, same)


def test_a_generation_of_before_the_whitening_is_searched_as_it_was_made() -> None:
    stored = kept(LINES, unit(len(LINES), 8))
    assert all(np.abs(index.whitening - np.eye(8)).max() > 0 for index in read(stored).sides.values())
    extra = {name: value for name, value in stored.extra.items() if name != "dense.whitening"}
    files = {name: data for name, data in stored.files.items() if "whitening" not in name}
    for index in read(Kept(files, extra, stored.chunks)).sides.values():
        np.testing.assert_array_equal(index.whitening, np.eye(8))


def test_a_map_of_another_shape_is_a_named_error() -> None:
    stored = kept(LINES, unit(len(LINES), 8))
    files = {**stored.files, "zh.dense.whitening.npy": stored.files["en.rows.npy"]}
    with pytest.raises(DamagedStoreError, match="not the map of 8 numbers"):
        read(Kept(files, stored.extra, stored.chunks))


def test_a_collection_without_passages_has_two_empty_sides() -> None:
    found = indexes_of([], np.zeros((0, 8), dtype=np.float32))
    assert all(index.dense.size == index.lexical.size == 0 for index in found.values())


@pytest.mark.parametrize("seed", range(8))
def test_what_was_indexed_before_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    before = chance.choices(LINES, k=chance.randint(0, 9))  # some twice: boilerplate
    after = chance.choices(LINES, k=chance.randint(0, 9))
    vectors = unit(len(after), 8)
    alone, updated = kept(after, vectors), kept(after, vectors, kept(before, unit(len(before), 8, 2)))
    assert updated.files == alone.files and updated.extra == alone.extra


def found_in(kept: Kept, word: str) -> int:
    return sum(index.lexical.document_frequency(word) for index in read(kept).sides.values())


@pytest.mark.parametrize(
    ("rules", "title", "reused"), [("", "", True), ("other", "", False), ("", "A title of its own", False)]
)
def test_search_words_are_taken_over_where_rules_and_text_are_the_same(rules: str, title: str, reused: bool) -> None:
    vectors = unit(2, 8)
    lines = [("en", "Lingchuan packages chips."), ("zh-Hans", "启衡的年产能为六万片。")]
    others = kept([("en", "Photoresist."), ("zh-Hans", "光刻胶。")], vectors)
    assert is_current(others.extra) and found_in(others, "photoresist") == 1
    # What claims to be of the lines, but has the words of others, shows whether it was read.
    extra = {**others.extra, "words": rules or others.extra["words"]}
    base = Kept(others.files, extra, kept(lines, vectors).chunks, title)
    assert is_current(base.extra) == (not rules)
    assert found_in(kept(lines, vectors, base), "photoresist") == reused
    assert found_in(kept(lines, vectors, base), "packag") == (not reused)


@pytest.mark.parametrize("extra", [{}, {"means": None}, {"means": {"zh": [0.0]}}])
def test_a_generation_that_lacks_its_means_is_a_named_error(extra: dict[str, object]) -> None:
    with pytest.raises(DamagedStoreError, match="means"):
        read(Kept({}, extra))
