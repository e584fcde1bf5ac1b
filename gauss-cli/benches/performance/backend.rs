//! The instruction sets by the names people use.

use gauss_math::simd::Backend;

/// Its name in the report.
pub fn name(backend: Backend) -> String {
    let name = backend.name();
    let known = [("Neon", "NEON"), ("Scalar", "scalar")];
    let found = known.iter().find(|(prefix, _)| name.starts_with(prefix));
    found.map_or(name.clone(), |(_, known)| (*known).to_owned())
}

/// Of a pair of goals, one for AVX-512 and one for AVX2, that of this instruction set.
pub fn goal(backend: Backend, (avx512, avx2): (f64, f64)) -> Option<f64> {
    match name(backend).as_str() {
        "AVX-512" => Some(avx512),
        "AVX2" => Some(avx2),
        _ => None,
    }
}
