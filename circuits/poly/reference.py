"""Low-degree extension and evaluation in plain integers: the reference for the kernels."""

from collections.abc import Sequence

from rollup.field import extension
from rollup.field.extension import Element
from rollup.field.koalabear import P, inverse, omega


def transform(values: Sequence[int], generator: int) -> list[int]:
    """sum_k values[k] * generator^(k r) for every r: the discrete Fourier transform.

    `generator` has order len(values), a power of two.
    """
    size = len(values)
    if size == 1:
        return [values[0] % P]
    square = generator * generator % P
    even, odd = transform(values[::2], square), transform(values[1::2], square)
    result = [0] * size
    twiddle = 1
    for k in range(size // 2):
        term = twiddle * odd[k] % P
        result[k] = (even[k] + term) % P
        result[k + size // 2] = (even[k] - term) % P
        twiddle = twiddle * generator % P
    return result


def log2_of(size: int) -> int:
    """The exponent of a power of two. Raises ValueError for any other size."""
    if size < 1 or size & (size - 1):
        raise ValueError(f"a power of two is wanted, not {size}")
    return size.bit_length() - 1


def interpolate(values: Sequence[int], shift: int = 1) -> list[int]:
    """Coefficients, low degree first, of the polynomial with these values on shift * <omega>."""
    size = len(values)
    raw = transform(values, inverse(omega(log2_of(size))))
    scale, step = inverse(size), inverse(shift)
    return [c * scale * pow(step, k, P) % P for k, c in enumerate(raw)]


def evaluate_on_coset(coefficients: Sequence[int], size_log2: int, shift: int) -> list[int]:
    """Values on shift * <omega(size_log2)> in natural order; at least as many points as terms."""
    if len(coefficients) > 1 << size_log2:
        raise ValueError(f"{len(coefficients)} coefficients do not fit 2^{size_log2} points")
    scaled = [c * pow(shift, k, P) % P for k, c in enumerate(coefficients)]
    scaled += [0] * ((1 << size_log2) - len(scaled))
    return transform(scaled, omega(size_log2))


def extend(values: Sequence[int], blowup_log2: int, shift: int) -> list[int]:
    """Low-degree extension of values on <omega_n> to shift * <omega_(nB)>, natural order."""
    return evaluate_on_coset(interpolate(values), log2_of(len(values)) + blowup_log2, shift)


def evaluate(coefficients: Sequence[int | Element], point: Element) -> Element:
    """The value of a polynomial, with coefficients in F or E, at a point of E (Horner)."""
    total = extension.ZERO
    for coefficient in reversed(coefficients):
        term = extension.embed(coefficient) if isinstance(coefficient, int) else coefficient
        total = extension.add(extension.multiply(total, point), term)
    return total
