"""Which images of a data set a bundle has not seen in its training."""

from dataclasses import dataclass

from leukapp.data.catalog import Catalog, Sample
from leukapp.errors import CatalogError, ImageError
from leukapp.imaging.arrays import RgbImage
from leukapp.imaging.image_io import read_image
from leukapp.model.bundle import Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """The images that a bundle can be judged by, and what was left out.

    Attributes:
        samples: images neither of a group nor a copy of an image that the bundle was trained on.
        n_of_trained_groups: images left out because their group was trained on.
        n_copies: images left out because they are copies of images that were trained on, under
            whatever name: turned, mirrored, recompressed and rescaled ones too.
        knows_its_images: whether the bundle holds hashes of its training images; if not, groups
            alone were compared.
    """

    samples: tuple[Sample, ...]
    n_of_trained_groups: int
    n_copies: int
    knows_its_images: bool

    def notes(self) -> tuple[str, ...]:
        """Sentences for the report, as far as they apply."""
        notes = []
        if self.n_of_trained_groups:
            notes.append(
                f"{self.n_of_trained_groups} images of groups that the bundle was trained on were "
                "left out."
            )
        if self.n_copies:
            notes.append(
                f"{self.n_copies} images were left out as copies of images that the bundle was "
                "trained on, under other names."
            )
        if not self.knows_its_images:
            notes.append(
                "The bundle holds no hashes of its training images, so they were told by the names "
                "of their groups alone: a copy under another name would be counted."
            )
        return tuple(notes)


def choose_unseen(bundle: Bundle, catalog: Catalog) -> Unseen:
    """Leave out what a bundle was trained on, by group and by content.

    Args:
        bundle: that is judged.
        catalog: images that can be decoded.

    Raises:
        CatalogError: nothing is left, or an image cannot be decoded.
    """
    training, hashes = bundle.training, bundle.training_images
    groups = {*training.train_groups, *training.validation_groups}
    others = [sample for sample in catalog.samples if sample.group not in groups]
    unseen = [s for s in others if hashes is None or not hashes.has_copy_of(_read(s))]
    if not unseen:
        raise CatalogError(
            f"the bundle {bundle.name} was trained on every image of this data or on its group; "
            "evaluate it on other images"
        )
    return Unseen(
        samples=tuple(unseen),
        n_of_trained_groups=len(catalog) - len(others),
        n_copies=len(others) - len(unseen),
        knows_its_images=hashes is not None,
    )


def _read(sample: Sample) -> RgbImage:
    try:
        return read_image(sample.path)
    except ImageError as error:
        raise CatalogError(f"{sample.sample_id}: {error}") from error
