//! The look shared by all figures: colours, font and sizes, in one place.

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// The colour as `#rrggbb`.
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// The colour mixed with white; `share` in `[0, 1]` is what remains of it.
    #[must_use]
    pub fn tint(self, share: f64) -> Self {
        let mix = |c: u8| (255.0 - share * (255.0 - f64::from(c))).round() as u8;
        Self(mix(self.0), mix(self.1), mix(self.2))
    }
}

/// Colours, font and text sizes (CSS pixels) of a figure.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    /// Titles, labels and reference lines.
    pub ink: Rgb,
    /// Tick labels, subtitles and notes.
    pub muted: Rgb,
    /// The line a panel stands on.
    pub axis: Rgb,
    /// Grid lines.
    pub grid: Rgb,
    /// Series colours, told apart also by the colour-blind (after Okabe and Ito).
    pub series: [Rgb; 4],
    /// CSS font stack; the shipped font first.
    pub font: &'static str,
    /// Size of a figure's title.
    pub title: f64,
    /// Size of panel titles, subtitles, axis labels and legends.
    pub label: f64,
    /// Size of tick labels.
    pub tick: f64,
}

/// The one theme.
pub const THEME: Theme = Theme {
    ink: Rgb(0x1c, 0x21, 0x28),
    muted: Rgb(0x5f, 0x68, 0x74),
    axis: Rgb(0x9a, 0xa2, 0xad),
    grid: Rgb(0xe9, 0xec, 0xf0),
    series: [
        Rgb(0x0f, 0x6f, 0xb5),
        Rgb(0xd5, 0x5e, 0x00),
        Rgb(0x00, 0x96, 0x6e),
        Rgb(0xb8, 0x5c, 0x92),
    ],
    font: "Inter, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif",
    title: 16.0,
    label: 13.0,
    tick: 12.0,
};

impl Theme {
    /// The colour of series `index`; the four repeat.
    pub fn color(&self, index: usize) -> Rgb {
        self.series[index % self.series.len()]
    }
}
