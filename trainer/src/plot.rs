//! Line charts as SVG.

/// One curve.
pub struct Line {
    /// What it shows.
    pub name: String,
    /// Where along the axis, in [0, 1], and how high, in the chart's own unit.
    pub points: Vec<(f64, f64)>,
}

/// Readable on white, told apart by people who confuse red and green as well.
const COLOURS: [&str; 8] =
    ["#888888", "#1d6a73", "#b8431d", "#e0a100", "#5b4ea3", "#3d9140", "#c2568e", "#111111"];

const LEFT: f64 = 48.0;
const WIDTH: f64 = 532.0;
const BOTTOM: f64 = 300.0;
const HEIGHT: f64 = 270.0;

/// A chart from 0 to `top`, with names at `ticks` along its axis.
pub fn lines(title: &str, top: f64, ticks: &[(f64, String)], lines: &[Line]) -> String {
    let x = |share: f64| LEFT + WIDTH * share;
    let y = |value: f64| BOTTOM - HEIGHT * (value / top).clamp(0.0, 1.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 600 350\" \
         font-family=\"sans-serif\" font-size=\"11\"><rect width=\"600\" height=\"350\" \
         fill=\"#fff\"/><text x=\"{LEFT}\" y=\"18\" font-size=\"13\">{title}</text>"
    );
    for i in 0..=5 {
        let value = top * f64::from(i) / 5.0;
        let (at, end) = (y(value), LEFT + WIDTH);
        svg += &format!(
            "<path d=\"M{LEFT},{at:.1}H{end}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"end\">{value:.2}</text>",
            LEFT - 6.0,
            at + 4.0
        );
    }
    for (share, name) in ticks {
        let (at, below) = (x(*share), BOTTOM + 16.0);
        svg += &format!("<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{name}</text>");
    }
    for (i, (line, colour)) in lines.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let points: Vec<String> = line
            .points
            .iter()
            .map(|&(at, value)| format!("{:.1},{:.1}", x(at), y(value)))
            .collect();
        let (column, row) = ((i % 4) as f64, (i / 4) as f64);
        svg += &format!(
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>",
            points.join(" "),
            LEFT + 135.0 * column,
            BOTTOM + 32.0 + 14.0 * row,
            line.name
        );
    }
    svg + "</svg>\n"
}
