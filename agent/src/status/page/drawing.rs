//! A chart as SVG, drawn by the server: bars beside each other, and a line over them. Every number in it also stands in
//! the table below, so that nobody must read it off a picture. Pure.

use askama::Template;

/// The drawing's width and height in its own units, and the room left for what stands below the bars.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const FOOT: f64 = 24.0;
/// How much of a place its bars take.
const BARS_SHARE: f64 = 0.8;
/// Words below the bars at most: more would run into each other.
const WORDS_MAX: usize = 8;

/// A chart.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(path = "drawing.html")]
pub struct Drawing {
    title: String,
    bars: Vec<Bar>,
    /// The points of the line, as SVG wants them; empty without one.
    line: String,
    words: Vec<Word>,
    top: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Bar {
    x: String,
    y: String,
    width: String,
    height: String,
    series: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct Word {
    x: String,
    text: String,
}

/// Draws: of each place its word, one bar per series, and where the line goes. `top` writes the highest number.
pub fn draw(
    title: &str,
    places: &[(String, Vec<f64>, Option<f64>)],
    top: impl Fn(f64) -> String,
) -> Drawing {
    let values = places
        .iter()
        .flat_map(|(_, bars, line)| bars.iter().chain(line));
    let highest = values.copied().fold(0.0, f64::max);
    let scale = if highest > 0.0 {
        (HEIGHT - FOOT) / highest
    } else {
        0.0
    };
    let step = WIDTH / places.len().max(1) as f64;
    let (mut bars, mut line, mut words) = (Vec::new(), Vec::new(), Vec::new());
    let every = places.len().div_ceil(WORDS_MAX).max(1);
    for (n, (word, heights, over)) in places.iter().enumerate() {
        let left = step * n as f64;
        let width = step * BARS_SHARE / heights.len().max(1) as f64;
        for (series, value) in heights.iter().enumerate() {
            let height = value.max(0.0) * scale;
            bars.push(Bar {
                x: short(left + width * series as f64),
                y: short(HEIGHT - FOOT - height),
                width: short(width),
                height: short(height),
                series,
            });
        }
        if let Some(value) = over {
            let y = HEIGHT - FOOT - value.max(0.0) * scale;
            line.push(format!("{},{}", short(left + step / 2.0), short(y)));
        }
        if n.is_multiple_of(every) {
            words.push(Word {
                x: short(left),
                text: word.clone(),
            });
        }
    }
    Drawing {
        title: title.to_owned(),
        bars,
        line: line.join(" "),
        words,
        top: top(highest),
    }
}

/// A number short enough for a drawing.
fn short(number: f64) -> String {
    format!("{number:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_reaches_the_top_and_none_goes_beyond() {
        let places = [
            ("a".to_owned(), vec![2.0, 1.0], Some(4.0)),
            ("b".to_owned(), vec![0.0, -1.0], None),
        ];
        let drawing = draw("t", &places, |highest| highest.to_string());
        let heights: Vec<&str> = drawing.bars.iter().map(|bar| bar.height.as_str()).collect();
        assert_eq!(heights, ["98.0", "49.0", "0.0", "0.0"]);
        assert_eq!(
            (drawing.line.as_str(), drawing.top.as_str()),
            ("180.0,0.0", "4")
        );
    }

    #[test]
    fn a_chart_of_nothing_is_flat() {
        assert_eq!(draw("t", &[], |_| String::new()).bars, []);
        let flat = draw("t", &[("a".to_owned(), vec![0.0], None)], |_| String::new());
        assert_eq!(flat.bars[0].height, "0.0");
    }
}
