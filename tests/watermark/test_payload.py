import numpy as np
import pytest

from pipeline.records import Payload
from pipeline.watermark import convolution
from pipeline.watermark.payload import CODE_LENGTH, VARIANTS, decode_payload, encode_payload, new_payload, variant_of

KEY = bytes(range(32))


def noisy(symbols: np.ndarray, *, eb_n0_db: float, random: np.random.Generator) -> np.ndarray:
    # energy per information bit over noise density: 64 + 24 bits share the energy of all symbols
    energy_per_bit = len(symbols) / 88
    sigma = np.sqrt(energy_per_bit / (2 * 10 ** (eb_n0_db / 10)))
    return symbols + random.normal(0, sigma, len(symbols))


def test_payloads_are_random_and_of_version_one():
    payloads = {new_payload() for _ in range(50)}
    assert len(payloads) == 50
    assert {payload.version for payload in payloads} == {1}
    assert all(0 <= payload.id < 1 << 60 for payload in payloads)


@pytest.mark.parametrize("payload", [Payload(0, 0), Payload(15, (1 << 60) - 1), Payload(1, 0x123456789ABCDEF)])
def test_clean_code_word_decodes(payload):
    symbols = encode_payload(payload, key=KEY)
    assert symbols.dtype == np.int8
    assert symbols.shape == (CODE_LENGTH,) == (612,)
    assert set(np.unique(symbols)) == {-1, 1}
    assert decode_payload(symbols, key=KEY) == payload
    assert decode_payload(symbols * 1e-4, key=KEY) == payload


def test_code_corrects_strong_noise():
    # at 2 dB every fifth raw symbol is wrong (a hard decision would fail); the code must not notice
    random = np.random.default_rng(7)
    right = wrong_symbols = 0
    for _ in range(40):
        payload = new_payload()
        symbols = encode_payload(payload, key=KEY)
        soft = noisy(symbols, eb_n0_db=2.0, random=random)
        wrong_symbols += int((np.sign(soft) != symbols).sum())
        right += decode_payload(soft, key=KEY) == payload
    assert wrong_symbols / (40 * 612) > 0.2
    assert right >= 38


def test_erasures_are_bridged():
    symbols = encode_payload(Payload(1, 99), key=KEY).astype(float)
    symbols[np.random.default_rng(1).random(612) < 0.5] = 0
    assert decode_payload(symbols, key=KEY) == Payload(1, 99)


def test_noise_and_wrong_keys_never_pass():
    random = np.random.default_rng(3)
    symbols = encode_payload(Payload(1, 5), key=KEY)
    assert all(decode_payload(random.normal(0, 1, 612), key=KEY) is None for _ in range(100))
    assert all(decode_payload(symbols, key=random.bytes(32)) is None for _ in range(50))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        encode_payload(Payload(16, 0), key=KEY)
    with pytest.raises(ValueError, match="do not fit"):
        encode_payload(Payload(1, 1 << 60), key=KEY)
    with pytest.raises(ValueError, match="no terminated code word"):
        convolution.decode(np.zeros(613))


def test_free_distance_of_the_code():
    # the lightest way out of state 0 and back, by Dijkstra: 56 is the published figure
    import heapq

    weights = [
        sum((register & polynomial).bit_count() & 1 for polynomial in convolution.POLYNOMIALS)
        for register in range(2 * convolution.STATES)
    ]
    queue, reached = [(weights[1], 1)], set()
    while queue:
        distance, state = heapq.heappop(queue)
        if state == 0:
            break
        if state in reached:
            continue
        reached.add(state)
        for register in (state << 1, state << 1 | 1):
            heapq.heappush(queue, (distance + weights[register], register % convolution.STATES))
    assert distance == 56


def test_variant_follows_from_the_id_and_all_are_used():
    payloads = [Payload(1, number) for number in range(400)]
    variants = [variant_of(payload) for payload in payloads]
    assert variants == [variant_of(Payload(2, payload.id)) for payload in payloads]
    counts = np.bincount(variants, minlength=VARIANTS)
    assert len(counts) == VARIANTS and counts.min() > 400 / VARIANTS / 2


def test_an_id_is_drawn_until_the_registry_takes_it():
    asked = []

    def reserve(payload: Payload) -> bool:
        asked.append(payload)
        return len(asked) == 3

    assert new_payload(reserve) == asked[-1] and len(set(asked)) == 3
    with pytest.raises(RuntimeError, match="broken or full"):
        new_payload(lambda _payload: False)
