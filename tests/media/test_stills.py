"""Stills: only luma changes; profile, tags, transparency and a JPEG's own coding stay."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import UnreadableInput, UsageError
from pipeline.media.stills import change_still, is_still, still_luma, still_size_px

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf/></x:xmpmeta>"


def picture(size=(96, 64), mode="RGB") -> Image.Image:
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    rgb = np.stack([60 + x, 80 + y, 200 - x], axis=2).astype(np.uint8)
    return Image.fromarray(rgb).convert(mode)


def opened(path) -> Image.Image:
    with Image.open(path) as found:
        found.load()
        return found


def brighter(luma: np.ndarray) -> np.ndarray:
    assert luma.dtype == np.uint8 and luma.ndim == 2
    return luma + np.uint8(4)


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_luma_alone_changes(tmp_path, suffix):
    source, target = tmp_path / "a.png", tmp_path / f"b{suffix}"
    picture().save(source)
    change_still(source, target, on_luma=brighter)
    before, after = (np.asarray(opened(path).convert("RGB")).astype(int) for path in (source, target))
    assert np.array_equal(after - before, np.full_like(before, 4))
    assert np.abs(still_luma(target).astype(int) - still_luma(source) - 4).max() <= 1


def test_jpeg_keeps_tables_sampling_exif_profile_and_xmp(tmp_path):
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    exif = Image.Exif()
    exif[0x010E] = "a boat"
    picture().save(source, quality=71, subsampling=2, exif=exif, icc_profile=b"profile" * 20, xmp=XMP, dpi=(72, 72))
    change_still(source, target, on_luma=brighter)
    before, after = opened(source), opened(target)
    assert after.quantization == before.quantization and after.layer == before.layer
    assert after.getexif()[0x010E] == "a boat"
    assert after.info["icc_profile"] == before.info["icc_profile"]
    assert after.info["xmp"] == XMP
    assert abs(np.asarray(after.convert("L")).astype(int).mean() - np.asarray(before.convert("L")).mean() - 4) < 0.5


def test_png_keeps_texts_and_takes_xmp_from_a_jpeg(tmp_path):
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("parameters", "a red fox")
    picture().save(tmp_path / "a.png", pnginfo=texts)
    change_still(tmp_path / "a.png", tmp_path / "b.png", on_luma=brighter)
    assert opened(tmp_path / "b.png").text["parameters"] == "a red fox"
    picture().save(tmp_path / "a.jpg", xmp=XMP)
    change_still(tmp_path / "a.jpg", tmp_path / "c.png", on_luma=brighter)
    assert opened(tmp_path / "c.png").text["XML:com.adobe.xmp"].encode() == XMP


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_stays(tmp_path, mode):
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    clear = picture()
    clear.putalpha(Image.fromarray(np.tile(np.arange(96, dtype=np.uint8), (64, 1))))
    clear.convert(mode).save(source)
    change_still(source, target, on_luma=brighter)
    before, after = (opened(path).convert("RGBA").getchannel("A") for path in (source, target))
    assert np.array_equal(np.asarray(before), np.asarray(after))


def test_grey_stays_grey(tmp_path):
    picture(mode="L").save(tmp_path / "a.jpg")
    change_still(tmp_path / "a.jpg", tmp_path / "b.jpg", on_luma=brighter)
    assert opened(tmp_path / "b.jpg").mode == "L"


def test_size_is_known_without_decoding(tmp_path):
    picture().save(tmp_path / "a.webp")
    assert still_size_px(tmp_path / "a.webp") == (96, 64)
    assert is_still(tmp_path / "A.PNG") and not is_still(tmp_path / "a.mp4")


def test_what_is_no_still_is_refused(tmp_path):
    moving = [picture(), picture().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    moving[0].save(tmp_path / "moving.webp", save_all=True, append_images=moving[1:])
    picture(mode="CMYK").save(tmp_path / "print.jpg")
    Image.fromarray(np.zeros((9, 9), np.uint16)).save(tmp_path / "deep.png")
    (tmp_path / "words.png").write_text("hello")
    full = io.BytesIO()
    picture((400, 300)).save(full, "PNG")
    (tmp_path / "cut.png").write_bytes(full.getvalue()[:200])
    said = {"moving.webp": "animation", "print.jpg": "convert it to RGB", "deep.png": "8 bits", "words.png": "no PNG"}
    for name, words in (said | {"cut.png": "damaged", "none.jpg": "no PNG"}).items():
        with pytest.raises(UnreadableInput, match=words):
            change_still(tmp_path / name, tmp_path / "out.png", on_luma=brighter)
    assert not (tmp_path / "out.png").exists()


def test_header_that_claims_a_huge_picture_is_refused(tmp_path):
    import struct
    import zlib

    body = b"IHDR" + struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk)
    with pytest.raises(UnreadableInput, match=r"megapixels|no PNG"):
        still_size_px(tmp_path / "huge.png")


def test_failure_leaves_the_old_file(tmp_path):
    picture().save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"old")

    def fail(_luma):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        change_still(tmp_path / "a.png", tmp_path / "b.png", on_luma=fail)
    assert (tmp_path / "b.png").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 2
    with pytest.raises(UsageError, match="written as"):
        change_still(tmp_path / "a.png", tmp_path / "b.gif", on_luma=brighter)
