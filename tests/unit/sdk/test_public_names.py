import inspect

import konik.sdk
import konik.sdk.workflow


def test_all_lists_every_public_name_and_nothing_else() -> None:
    for package in (konik.sdk, konik.sdk.workflow):
        public = {
            name for name, value in vars(package).items() if not name.startswith("_") and not inspect.ismodule(value)
        }
        assert set(package.__all__) == public
        assert list(package.__all__) == sorted(package.__all__)


def test_everything_public_is_explained() -> None:
    for name in konik.sdk.__all__:
        assert inspect.getdoc(getattr(konik.sdk, name)), name
