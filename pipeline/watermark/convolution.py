"""Convolutional code: what lets a payload survive a codec."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# Constraint length 15, rate 1/6, free distance 56: the code of the Cassini and Mars Pathfinder links.
# Found by S. Dolinar's search for long constraint length codes at JPL (TDA Progress Report 42-93, 1988, and its
# successors); octal, newest bit in the lowest place.
POLYNOMIALS = (0o42631, 0o47245, 0o56507, 0o73363, 0o77267, 0o64537)
CONSTRAINT_LENGTH = 15
RATE = len(POLYNOMIALS)
MEMORY = CONSTRAINT_LENGTH - 1
STATES = 1 << MEMORY


def coded_length(bits: int) -> int:
    """How many code symbols `bits` information bits become, the terminating zeros included."""
    return (bits + MEMORY) * RATE


def encode(bits: np.ndarray) -> np.ndarray:
    """Encode and terminate.

    Parameters
    ----------
    bits : uint8 [n]
        Information bits, 0 or 1.

    Returns
    -------
    int8 [(n + 14) * 6]
        Code symbols: +1 for a coded 0, -1 for a coded 1.
    """
    register, words = 0, []
    for bit in [*bits.tolist(), *[0] * MEMORY]:
        register = ((register << 1) | int(bit)) & (2 * STATES - 1)
        words.append([(register & polynomial).bit_count() & 1 for polynomial in POLYNOMIALS])
    return (1 - 2 * np.array(words, dtype=np.int8)).ravel()


def decode(soft: np.ndarray) -> np.ndarray:
    """Most likely information bits of a terminated code word (soft-decision Viterbi).

    Parameters
    ----------
    soft : float [(n + 14) * 6]
        Code symbols with noise; sign and size as in `encode`, any scale.

    Returns
    -------
    uint8 [n]

    Raises
    ------
    ValueError
        When the length is not that of a code word.
    """
    steps, rest = divmod(len(soft), RATE)
    if rest or steps <= MEMORY:
        raise ValueError(f"{len(soft)} symbols are no terminated code word")
    words, symbols = _outputs()
    # [steps, 64]: how well each of the 64 possible output words fits the step's six symbols
    fits = np.asarray(soft, dtype=np.float32).reshape(steps, RATE) @ symbols.T
    from_upper = _forward(fits, words)
    return _trace_back(from_upper)[: steps - MEMORY]


def _forward(fits: np.ndarray, words: np.ndarray) -> np.ndarray:
    """bool [steps, states]: whether the better way into each state came from the upper half of the states."""
    score = np.full(STATES, -np.inf, dtype=np.float32)
    score[0] = 0.0
    from_upper = np.empty((len(fits), STATES), dtype=bool)
    half = STATES // 2
    for step, fit in enumerate(fits):
        branch = fit[words]
        # state s is reached from s >> 1 and from half + (s >> 1); every polynomial taps the oldest bit, so the
        # two ways differ in all six symbols and the second branch is the first one's negative
        lower = np.repeat(score[:half], 2) + branch
        upper = np.repeat(score[half:], 2) - branch
        np.greater(upper, lower, out=from_upper[step])
        score = np.maximum(lower, upper)
    return from_upper


def _trace_back(from_upper: np.ndarray) -> np.ndarray:
    bits = np.empty(len(from_upper), dtype=np.uint8)
    state = 0  # the terminating zeros end every word in state 0
    for step in range(len(from_upper) - 1, -1, -1):
        bits[step] = state & 1
        state = (state >> 1) | (int(from_upper[step, state]) << (MEMORY - 1))
    return bits


@lru_cache(maxsize=1)
def _outputs() -> tuple[np.ndarray, np.ndarray]:
    """Output word of every register whose oldest bit is 0 [states], and the six symbols of every word [64, 6]."""
    registers = np.arange(STATES, dtype=np.uint16)
    words = np.zeros(STATES, dtype=np.intp)
    for place, polynomial in enumerate(POLYNOMIALS):
        words |= (np.bitwise_count(registers & polynomial) & 1).astype(np.intp) << place
    bits = np.arange(1 << RATE)[:, None] >> np.arange(RATE) & 1
    return words, (1 - 2 * bits).astype(np.float32)
