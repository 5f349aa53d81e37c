"""Leukemias that are no class of the bundle are judged where their source has classes, too."""

from dataclasses import replace
from pathlib import Path

from leukapp.data.catalog import Catalog, Sample
from leukapp.labels import OTHER_LEUKEMIA
from leukapp.model.bundle import open_bundle
from leukapp.recipes.unseen import choose_unseen


def sample(name: str, label: str, source: str, group: str = "new") -> Sample:
    return Sample(
        sample_id=name,
        path=Path(name),
        label=label,
        group=group,
        groups_known=True,
        source=source,
    )


def test_other_leukemias_join_the_images_of_their_source(repository: Path) -> None:
    bundle = open_bundle(repository / "weights" / "compact")
    trained = bundle.training.train_groups[0]
    # Without hashes of the training images no pixel is read.
    bundle = replace(bundle, files=())
    catalog = Catalog(
        root=Path(),
        samples=(sample("a", "ALL", "lab"), sample("b", "ALL", "lab", trained)),
        others=(
            sample("c", OTHER_LEUKEMIA, "lab"),
            sample("d", OTHER_LEUKEMIA, "lab", trained),
            sample("e", OTHER_LEUKEMIA, "elsewhere"),
        ),
    )
    unseen = choose_unseen(bundle, catalog)
    assert [one.sample_id for one in unseen.samples] == ["a"]
    assert [one.sample_id for one in unseen.other_leukemias] == ["c"]
    assert unseen.n_others_alone == 1
    assert any("1 images of other leukemias were left out" in note for note in unseen.notes())
