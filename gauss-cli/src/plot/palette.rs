//! A sequential palette that is perceptually uniform by construction.
//!
//! The palette is a straight line in lightness and a smooth path in hue and chroma, written in
//! OKLCH (polar OKLab; B. Ottosson, "A perceptual color space for image processing", 2020) and
//! converted to sRGB: dark violet, blue, green, yellow. Equal steps of the value are therefore
//! near-equal steps of lightness, and the order survives in greyscale.

use super::theme::Rgb;

/// The colour at `t`, clamped to `[0, 1]`; dark at 0, bright at 1. NaN gives a neutral grey.
pub fn sequential(t: f64) -> Rgb {
    if t.is_nan() {
        return Rgb(0xc9, 0xcd, 0xd3);
    }
    let t = t.clamp(0.0, 1.0);
    let lightness = 0.21 + 0.71 * t;
    // Inside the sRGB gamut all along the path (its narrowest place is 0.099, at t = 0.5): beyond
    // it, clipped channels would show as false edges.
    let chroma = 0.092 + 0.065 * t.powi(4);
    let hue = 305.0 - 205.0 * t.powf(1.15);
    oklch(lightness, chroma, hue)
}

/// OKLCH (hue in degrees) to sRGB.
fn oklch(lightness: f64, chroma: f64, hue: f64) -> Rgb {
    let (sin, cos) = hue.to_radians().sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let l = (lightness + 0.3963377774 * a + 0.2158037573 * b).powi(3);
    let m = (lightness - 0.1055613458 * a - 0.0638541728 * b).powi(3);
    let s = (lightness - 0.0894841775 * a - 1.2914855480 * b).powi(3);
    Rgb(
        gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
        gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
        gamma(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s),
    )
}

/// The sRGB transfer function, from linear light to a byte.
fn gamma(linear: f64) -> u8 {
    let c = linear.clamp(0.0, 1.0);
    let encoded = if c <= 0.0031308 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
    (255.0 * encoded).round() as u8
}
