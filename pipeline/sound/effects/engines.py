"""Engines and vehicles: steady for any length, revs by `speed`, load by the cue's automation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.sound.beds.bed import CHUNK_SAMPLES, Chunk, Setup, curve
from pipeline.sound.effects.continuous import Layer, Pulses, Ringing, decaying, impulses, recipe
from pipeline.sound.effects.modal import ring
from pipeline.sound.noise import Filter, band


@dataclass(frozen=True)
class Engine:
    """A piston engine as it is heard from outside, or blades, which beat the air as cylinders beat the pipe."""

    # firings (or blades) a second at rest and at full revs
    idle_hz: float
    top_hz: float
    cylinders: int
    # how unlike the cylinders are in time (share of a firing) and strength
    uneven: float
    # length of one pulse of pressure
    pulse_s: float
    # resonances of pipe and body: Hz, decay in 1/s, gain
    resonances: tuple[tuple[float, float, float], ...]
    # noise that each pulse blows out: level, its fall, and its band
    blow: float
    blow_s: float
    blow_low_hz: float
    blow_high_hz: float
    # steady noise of air, tyres or water: level and band
    air: float
    air_low_hz: float
    air_high_hz: float
    # ticks of valves, injectors and chains: level, Hz, a firing
    tick: float
    tick_hz: float
    ticks: int
    # a whine that turns with the engine: level, and times the firing rate
    whine: float = 0.0
    whine_ratio: float = 0.0


# firing rates: revs / 60 * cylinders / 2 of a four-stroke; blades: turns a second * blades. Baldan et al. (2015) for
# the parts; bands and levels by spectrogram
_PISTONS: dict[str, Engine] = {
    "car": Engine(
        27, 150, 4, 0.02, 0.0026, ((85, 60, 0.9), (170, 80, 1.0), (340, 130, 0.8), (640, 220, 0.5), (1150, 400, 0.3)),
        0.6, 0.006, 350, 4500, 0.12, 350, 4500, 0.05, 4200, 2,
    ),
    "truck": Engine(
        28, 95, 6, 0.05, 0.0042, ((48, 40, 0.8), (90, 55, 1.0), (180, 90, 0.8), (350, 150, 0.5), (680, 260, 0.3)),
        0.7, 0.008, 150, 2600, 0.14, 120, 2200, 0.35, 1900, 1,
    ),
    "motorcycle": Engine(
        15, 110, 2, 0.13, 0.0024, ((95, 70, 1.0), (190, 90, 0.9), (410, 140, 0.6), (800, 240, 0.4), (1500, 420, 0.2)),
        0.9, 0.005, 250, 5500, 0.05, 400, 5000, 0.10, 3300, 2,
    ),
    "boat": Engine(
        9, 60, 2, 0.04, 0.006, ((58, 45, 1.0), (110, 60, 0.8), (230, 110, 0.4), (460, 200, 0.15)),
        0.6, 0.014, 120, 1500, 0.30, 180, 2600, 0.06, 1500, 1,
    ),
    "aircraft": Engine(
        62, 125, 2, 0.015, 0.0013, ((90, 60, 0.7), (180, 80, 0.9), (360, 120, 0.7), (700, 220, 0.4), (1300, 400, 0.2)),
        0.55, 0.004, 200, 4500, 0.22, 150, 3000, 0.0, 3000, 1,
    ),
    "helicopter": Engine(
        10.5, 19, 4, 0.02, 0.007, ((45, 40, 1.0), (88, 55, 0.9), (170, 80, 0.5), (330, 130, 0.25)),
        1.2, 0.024, 90, 2600, 0.12, 120, 2200, 0.0, 3000, 1, 0.10, 5.4,
    ),
}  # fmt: skip
ENGINES = (*_PISTONS, "train")

# rail joints: 18 m apart, and the axles of two coupled carriages behind the first, in metres, with their levels
_RAIL_M = 18.0
_AXLES: tuple[tuple[float, float], ...] = ((0.0, 1.0), (2.5, 0.9), (7.0, 0.45), (9.5, 0.4))
_TRAIN_M_S = (6.0, 38.0)


def running(setup: Setup) -> Layer:
    kind = setup.name.partition("/")[2]
    return _train(setup) if kind == "train" else _pistons(setup, _PISTONS[kind])


def _pistons(setup: Setup, engine: Engine) -> Layer:
    rate_hz = setup.sample_rate_hz
    speed, size, hardness = (setup.parameter(name, 0.5) for name in ("speed", "size", "hardness"))
    rng = setup.rng("engine")
    # a larger engine turns slower and is lower
    scale = 2.0 ** (0.5 - size) * np.exp(0.05 * rng.standard_normal())
    late = np.cumsum(engine.uneven * rng.uniform(-1, 1, engine.cylinders))
    late -= late.mean()
    strengths = 1 + 3 * engine.uneven * rng.uniform(-1, 1, engine.cylinders)
    pipe = Ringing(_pipe(engine, scale, rng, rate_hz))
    tick = Ringing(_tick(engine, rng, rate_hz))
    blowing = decaying(engine.blow_s / scale, rate_hz)
    blow, air = (
        Filter(band(low * scale, high * (0.6 + 0.8 * hardness), sample_rate_hz=rate_hz, order=1))
        for low, high in ((engine.blow_low_hz, engine.blow_high_hz), (engine.air_low_hz, engine.air_high_hz))
    )
    firings, turned = Pulses(), rng.uniform()

    def layer(chunk: Chunk, drive: np.ndarray) -> np.ndarray:
        nonlocal turned
        revs = speed * (0.45 + 0.55 * drive) + 0.02 * (curve(setup, chunk, 0.7, "revs") - 0.5)
        firing_hz = scale * engine.idle_hz * (engine.top_hz / engine.idle_hz) ** revs
        firing_hz = firing_hz * (1 + 0.015 * (curve(setup, chunk, 0.09, "hunt") - 0.5))
        at, numbers = firings(firing_hz, rate_hz)
        noise = setup.rng("firing", chunk.index)
        period = rate_hz / firing_hz[np.clip(at.astype(int), 0, CHUNK_SAMPLES - 1)]
        # no two burn alike
        jitter = late[numbers % engine.cylinders] + 0.012 * noise.standard_normal(len(at))
        heights = strengths[numbers % engine.cylinders] * np.exp(0.10 * noise.standard_normal(len(at)))
        pulses = impulses(np.clip(at + jitter * period, 0, CHUNK_SAMPLES - 1), heights, CHUNK_SAMPLES)
        load = 0.5 + 0.5 * revs
        puffs = blow(noise.standard_normal(CHUNK_SAMPLES)) * np.minimum(blowing(pulses), 4.0)
        wind = air(noise.standard_normal(CHUNK_SAMPLES)) * (0.25 + 1.5 * revs) * (0.8 + 0.4 * _gust(setup, chunk))
        sound = 0.8 * pipe(pulses) + engine.blow * load * puffs + engine.air * wind
        if engine.tick:
            sound += engine.tick * tick(_ticking(engine, at, period, noise))
        if engine.whine:
            turn = turned + np.cumsum(engine.whine_ratio * firing_hz) / rate_hz
            turned = float(turn[-1] % 1.0)
            sound += engine.whine * _whine(turn)
        return sound

    return layer


def _gust(setup: Setup, chunk: Chunk) -> np.ndarray:
    return curve(setup, chunk, 0.9, "gust") + curve(setup, chunk, 0.13, "gust")


def _pipe(engine: Engine, scale: float, rng: np.random.Generator, rate_hz: int) -> np.ndarray:
    # a pulse of pressure, and what of pipe and body rings on; energy 1
    shape = np.hanning(max(int(engine.pulse_s / scale * rate_hz), 4))
    frequencies_hz, decays, gains = np.array(engine.resonances).T
    frequencies_hz = frequencies_hz * scale * rng.uniform(0.92, 1.08, len(gains))
    body = ring(frequencies_hz, decays, gains, samples=int(0.12 * rate_hz), sample_rate_hz=rate_hz)
    response = np.convolve(np.gradient(shape), body)
    response[: len(shape)] += 0.5 * np.abs(response).max() * np.gradient(shape) / np.abs(np.gradient(shape)).max()
    response = response / np.abs(response).max()
    return response * np.linspace(1, 0, len(response)) ** 2


def _tick(engine: Engine, rng: np.random.Generator, rate_hz: int) -> np.ndarray:
    modes_hz = engine.tick_hz * np.array([0.6, 1.0, 1.45, 2.1]) * rng.uniform(0.9, 1.1, 4)
    modes_hz = np.minimum(modes_hz, 0.4 * rate_hz)
    gains = np.array([0.6, 1.0, 0.7, 0.4])
    return ring(modes_hz, 200.0 + 0.12 * modes_hz, gains, samples=int(0.02 * rate_hz), sample_rate_hz=rate_hz)


def _ticking(engine: Engine, at: np.ndarray, period: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    # each valve at its own moment of the cycle
    steps = (np.arange(engine.ticks) + 0.3) / engine.ticks
    places = (at[:, None] + steps * period[:, None]).reshape(-1)
    heights = np.exp(0.4 * rng.standard_normal(len(places)))
    kept = places < CHUNK_SAMPLES - 1
    return impulses(places[kept], heights[kept], CHUNK_SAMPLES)


def _whine(turn: np.ndarray) -> np.ndarray:
    # tail rotor with its harmonics, and the turbine far above
    tones = sum(np.sin(2 * np.pi * k * turn) / k for k in (1, 2, 3, 4))
    return tones + 0.10 * np.sin(2 * np.pi * 61.7 * turn) + 0.06 * np.sin(2 * np.pi * 47.3 * turn)


def _train(setup: Setup) -> Layer:
    rate_hz = setup.sample_rate_hz
    speed, size, hardness = (setup.parameter(name, 0.5) for name in ("speed", "size", "hardness"))
    rng = setup.rng("train")
    low = 2.0 ** (0.5 - size)
    clack = Ringing(_clack(low, hardness, rng, rate_hz))
    rumble = Filter(band(45 * low, 420 * low, sample_rate_hz=rate_hz, order=1))
    wheels = Filter(band(500, 2600 * (0.7 + 0.6 * hardness), sample_rate_hz=rate_hz, order=1))
    # each axle's clock starts where the axle stands
    ahead = rng.uniform()
    axles = [(Pulses(1.0 + ahead - offset_m / _RAIL_M), level) for offset_m, level in _AXLES]
    turned = 0.0

    def layer(chunk: Chunk, drive: np.ndarray) -> np.ndarray:
        nonlocal turned
        pace = speed * (0.4 + 0.6 * drive) + 0.02 * (curve(setup, chunk, 2.0, "pace") - 0.5)
        metres_s = _TRAIN_M_S[0] * (_TRAIN_M_S[1] / _TRAIN_M_S[0]) ** np.clip(pace, 0, 1)
        noise = setup.rng("rails", chunk.index)
        joints = np.zeros(CHUNK_SAMPLES)
        for pulses, level in axles:
            at, numbers = pulses(metres_s / _RAIL_M, rate_hz)
            joints += impulses(at, level * np.exp(0.25 * noise.standard_normal(len(numbers))), CHUNK_SAMPLES)
        # wheels of a metre across, never quite round
        turn = turned + np.cumsum(metres_s / 3.0) / rate_hz
        turned = float(turn[-1] % 1.0)
        beat = 1 + 0.25 * np.sin(2 * np.pi * turn) + 0.3 * (curve(setup, chunk, 0.2, "sway") - 0.5)
        load = 0.3 + 0.7 * pace
        ground = rumble(noise.standard_normal(CHUNK_SAMPLES)) * (0.7 + 0.6 * curve(setup, chunk, 0.4, "bed"))
        steel = wheels(noise.standard_normal(CHUNK_SAMPLES)) * beat
        return 1.1 * clack(joints) + load * (0.6 * ground + 0.5 * steel)

    return layer


def _clack(low: float, hardness: float, rng: np.random.Generator, rate_hz: int) -> np.ndarray:
    # a wheel drops over a gap: the track thumps, the rail rings shortly
    modes_hz = np.array([58, 95, 170, 310, 560, 1150, 1900, 2900]) * low * rng.uniform(0.9, 1.1, 8)
    modes_hz = np.minimum(modes_hz, 0.4 * rate_hz)
    gains = np.array([1.0, 1.0, 0.8, 0.6, 0.45, 0.3, 0.2, 0.15]) * (0.5 + hardness) ** np.arange(0, 1.6, 0.2)
    decays = 22 + 0.05 * modes_hz
    response = ring(modes_hz, decays, gains, samples=int(0.25 * rate_hz), sample_rate_hz=rate_hz)
    return response / np.abs(response).max()


engine = recipe("engine", running)
