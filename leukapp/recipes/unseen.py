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
        other_leukemias: unseen images of a leukemia that is no class of the bundle, of sources
            that ``samples`` has too: no named type is right for them.
        n_others_alone: images of such leukemias that are left out, since figures are by source and
            theirs has no image of a class.
    """

    samples: tuple[Sample, ...]
    n_of_trained_groups: int
    n_copies: int
    knows_its_images: bool
    other_leukemias: tuple[Sample, ...] = ()
    n_others_alone: int = 0

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
        if self.n_others_alone:
            notes.append(
                f"{self.n_others_alone} images of other leukemias were left out: their source has "
                "no image of a class of the bundle."
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

    def is_trained_on(sample: Sample) -> bool:
        site = bundle.commission
        return sample.group in groups or (site is not None and site.is_fitted_on(sample.group))

    def is_new(sample: Sample) -> bool:
        return hashes is None or not hashes.has_copy_of(_read(sample))

    of_new_groups = [sample for sample in catalog.samples if not is_trained_on(sample)]
    unseen = [sample for sample in of_new_groups if is_new(sample)]
    if not unseen:
        raise CatalogError(
            f"the bundle {bundle.name} was trained on every image of this data or on its group; "
            "evaluate it on other images"
        )
    sources = {sample.source for sample in unseen}
    others = [sample for sample in catalog.others if sample.source in sources]
    return Unseen(
        samples=tuple(unseen),
        n_of_trained_groups=len(catalog) - len(of_new_groups),
        n_copies=len(of_new_groups) - len(unseen),
        knows_its_images=hashes is not None,
        other_leukemias=tuple(
            sample for sample in others if not is_trained_on(sample) and is_new(sample)
        ),
        n_others_alone=len(catalog.others) - len(others),
    )


def _read(sample: Sample) -> RgbImage:
    try:
        return read_image(sample.path)
    except ImageError as error:
        raise CatalogError(f"{sample.sample_id}: {error}") from error
