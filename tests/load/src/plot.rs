//! The picture: latency and processor time against offered load, one line for each server.

use std::fmt::Write as _;

use crate::report::Point;

/// Size of the picture and of its two fields, in its own units.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 700.0;
const LEFT: f64 = 74.0;
const RIGHT: f64 = 24.0;
const LATENCY_TOP: f64 = 84.0;
const LATENCY_BOTTOM: f64 = 400.0;
const CPU_TOP: f64 = 450.0;
const CPU_BOTTOM: f64 = 630.0;
/// Bounds of the latency axis, in milliseconds: what is beyond stands at the edge.
const LATENCY_MS: (f64, f64) = (0.05, 1_000.0);
/// Colours that hold on white and on black, each with a dash of its own for eyes that do not tell colours apart. A server has
/// the same in every picture.
const STYLES: &[(&str, &str, &str)] = &[
    ("colloque", "#1f8f5f", ""),
    ("raw GSO floor", "#8a8f98", ""),
    ("str0m", "#3f7fd6", ""),
    ("str0m (estimating)", "#3f7fd6", "6 4"),
    ("janus (default)", "#d9822b", "6 4"),
    ("janus (event_loops = 1)", "#d9822b", ""),
];
const LOAD_STEPS: &[f64] = &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0];
const FONT: &str = "font-family=\"system-ui, sans-serif\"";

/// A logarithmic axis.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn at(&self, value: f64) -> f64 {
        let share = (value.clamp(self.low, self.high) / self.low).ln() / (self.high / self.low).ln();
        self.from + share * (self.to - self.from)
    }

    /// Each power of ten within the axis, times each of the steps.
    fn ticks(&self, steps: &'static [f64]) -> impl Iterator<Item = f64> {
        let (low, high) = (self.low, self.high);
        let powers = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
        powers
            .flat_map(move |power| steps.iter().map(move |step| step * 10f64.powi(power)))
            .filter(move |tick| (low * 0.999..=high * 1.001).contains(tick))
    }
}

/// Draws all points of a run as SVG: a dot for each point, hollow where the load was not carried, and a line through each
/// server's medians. Where nothing arrived, the latency is above every other.
///
/// Colours follow the reader's choice of a light or a dark page.
#[must_use]
pub fn svg(points: &[Point]) -> String {
    let servers = servers(points);
    let offered = || points.iter().map(|point| point.offered as f64);
    let low = offered().fold(f64::INFINITY, f64::min);
    let load = Axis {
        low: if low.is_finite() { low * 0.9 } else { 1.0 },
        high: offered().fold(10.0, f64::max) * 1.1,
        from: LEFT,
        to: WIDTH - RIGHT,
    };
    let latency = Axis { low: LATENCY_MS.0, high: LATENCY_MS.1, from: LATENCY_BOTTOM, to: LATENCY_TOP };
    let cpu_at = |share: f64| CPU_BOTTOM + share.clamp(0.0, 1.05) / 1.05 * (CPU_TOP - CPU_BOTTOM);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"99th percentile of added latency, and processor time, against offered load, for each server\">\n\
         <style>.paper{{fill:#ffffff}}.ink{{fill:#1c2128}}.grid{{stroke:#d5d9df}}.frame{{stroke:#7b828c;fill:none}}\
         @media (prefers-color-scheme:dark){{.paper{{fill:#14181d}}.ink{{fill:#e4e8ec}}.grid{{stroke:#333a43}}\
         .frame{{stroke:#8b949e}}}}</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n"
    );
    draw_field(&mut out, &load, (LATENCY_TOP, LATENCY_BOTTOM), "p99 of added latency, ms (logarithmic)");
    for tick in latency.ticks(&[1.0, 2.0, 5.0]) {
        draw_row(&mut out, latency.at(tick), &label(tick));
    }
    // The rule of the benchmark: above this line a load does not count as carried.
    let limit = latency.at(crate::run::MAX_P99_US / 1_000.0);
    let _ = writeln!(
        out,
        "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{limit:.1}\" y2=\"{limit:.1}\" class=\"frame\" stroke-dasharray=\"1 3\"/>",
        WIDTH - RIGHT
    );
    draw_field(&mut out, &load, (CPU_TOP, CPU_BOTTOM), "processor time, % of one core");
    for percent in [0, 25, 50, 75, 100] {
        draw_row(&mut out, cpu_at(f64::from(percent) / 100.0), &percent.to_string());
    }
    for tick in load.ticks(LOAD_STEPS) {
        let x = load.at(tick);
        text(&mut out, x, CPU_BOTTOM + 18.0, "middle", &format!("{} k", label(tick / 1_000.0)));
    }
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    text(
        &mut out,
        middle,
        HEIGHT - 22.0,
        "middle",
        "offered load, forwarded packets a second (logarithmic); hollow: more than 0.1 % lost",
    );
    for (number, server) in servers.iter().enumerate() {
        let style = STYLES.iter().find(|(name, ..)| name == server).unwrap_or(&STYLES[number % STYLES.len()]);
        let (_, colour, dash) = *style;
        draw_legend(&mut out, number, server, colour, dash);
        let own = || points.iter().filter(|point| point.server == *server);
        let latency_at = |p99_us: f64| latency.at(if p99_us > 0.0 { p99_us / 1_000.0 } else { latency.high });
        draw_line(&mut out, "latency", server, colour, dash, &medians(own(), |point| point.p99_us), &load, latency_at);
        draw_line(&mut out, "cpu", server, colour, dash, &medians(own(), |point| point.cpu), &load, cpu_at);
        for point in own() {
            let x = load.at(point.offered as f64);
            let is_carried = point.is_carried_by_loss();
            draw_dot(&mut out, x, latency_at(point.p99_us), colour, is_carried);
            draw_dot(&mut out, x, cpu_at(point.cpu), colour, is_carried);
        }
    }
    out.push_str("</svg>\n");
    out
}

fn servers(points: &[Point]) -> Vec<&'static str> {
    let mut servers = Vec::new();
    for point in points {
        if !servers.contains(&point.server) {
            servers.push(point.server);
        }
    }
    servers
}

/// The middle of a figure at each load, loads ascending.
fn medians<'a>(points: impl Iterator<Item = &'a Point>, figure: fn(&Point) -> f64) -> Vec<(f64, f64)> {
    let mut by_load: std::collections::BTreeMap<u64, Vec<f64>> = std::collections::BTreeMap::new();
    for point in points {
        by_load.entry(point.offered).or_default().push(figure(point));
    }
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[(values.len() - 1) / 2]
    };
    by_load.into_iter().map(|(load, values)| (load as f64, middle(values))).collect()
}

fn label(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn draw_field(out: &mut String, load: &Axis, (top, bottom): (f64, f64), title: &str) {
    for tick in load.ticks(LOAD_STEPS) {
        let x = load.at(tick);
        let _ = writeln!(out, "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>");
    }
    let _ = writeln!(
        out,
        "<rect class=\"frame\" x=\"{LEFT}\" y=\"{top}\" width=\"{}\" height=\"{}\"/>",
        WIDTH - RIGHT - LEFT,
        bottom - top
    );
    let (x, y) = (20.0, (top + bottom) / 2.0);
    let _ = writeln!(
        out,
        "<text class=\"ink\" {FONT} font-size=\"13\" text-anchor=\"middle\" transform=\"translate({x} {y}) rotate(-90)\">{title}</text>"
    );
}

fn draw_row(out: &mut String, y: f64, label: &str) {
    let _ = writeln!(out, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>", WIDTH - RIGHT);
    text(out, LEFT - 8.0, y + 4.0, "end", label);
}

fn draw_legend(out: &mut String, number: usize, server: &str, colour: &str, dash: &str) {
    let (x, y) = (LEFT + (number % 3) as f64 * 275.0, 24.0 + (number / 3) as f64 * 20.0);
    let _ = writeln!(
        out,
        "<line x1=\"{x}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"2.5\" stroke-dasharray=\"{dash}\"/>",
        x + 34.0
    );
    text(out, x + 42.0, y + 4.5, "start", server);
}

fn draw_line(
    out: &mut String,
    kind: &str,
    server: &str,
    colour: &str,
    dash: &str,
    values: &[(f64, f64)],
    load: &Axis,
    y: impl Fn(f64) -> f64,
) {
    let _ = write!(
        out,
        "<polyline class=\"{kind}\" data-server=\"{server}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.2\" \
         stroke-linejoin=\"round\" stroke-dasharray=\"{dash}\" points=\""
    );
    for (at, value) in values {
        let _ = write!(out, "{:.1},{:.1} ", load.at(*at), y(*value));
    }
    out.push_str("\"/>\n");
}

fn draw_dot(out: &mut String, x: f64, y: f64, colour: &str, is_carried: bool) {
    let fill = if is_carried { colour } else { "none" };
    let _ = writeln!(
        out,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\" fill=\"{fill}\" fill-opacity=\"0.6\" stroke=\"{colour}\"/>"
    );
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let _ = writeln!(
        out,
        "<text class=\"ink\" {FONT} font-size=\"13\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(server: &'static str, round: usize, offered: u64, p99_us: f64, cpu: f64) -> Point {
        Point {
            server,
            round,
            offered,
            sent: offered,
            loss: 0.0,
            p50_us: 1.0,
            p99_us,
            cpu,
            us_per_packet: 3.0,
            resident_kb: 1,
            stolen: 0.0,
            set_aside: 0,
        }
    }

    fn points() -> Vec<Point> {
        let mut points = Vec::new();
        for round in 0..3 {
            for offered in [8_000, 40_000, 260_000] {
                points.push(point("colloque", round, offered, 100.0 * (round + 1) as f64, 0.4));
                points.push(point("str0m", round, offered, 9e9, 1.2));
            }
        }
        points
    }

    #[test]
    fn every_server_has_one_line_in_each_field_and_every_point_a_dot() {
        let points = points();
        let svg = svg(&points);
        for server in ["colloque", "str0m"] {
            for kind in ["latency", "cpu"] {
                let start = format!("<polyline class=\"{kind}\" data-server=\"{server}\"");
                let lines: Vec<&str> = svg.lines().filter(|line| line.starts_with(&start)).collect();
                assert_eq!(lines.len(), 1, "{server} {kind}");
                let corners = lines[0].rsplit_once(" points=\"").map_or(0, |(_, corners)| corners.matches(',').count());
                assert_eq!(corners, 3, "a corner for each load");
            }
        }
        assert_eq!(svg.matches("<circle").count(), 2 * points.len());
    }

    #[test]
    fn what_is_beyond_an_axis_stands_at_its_edge() {
        let svg = svg(&points());
        let ys: Vec<f64> = svg.split("cy=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok()).collect();
        assert!(ys.iter().all(|y| (LATENCY_TOP..=CPU_BOTTOM).contains(y)));
        assert!(ys.contains(&LATENCY_TOP));
    }

    #[test]
    fn a_load_of_which_nothing_arrived_is_hollow_and_at_the_top() {
        let svg = svg(&[Point { loss: 1.0, ..point("colloque", 0, 10, 0.0, 1.0) }]);
        let dots: Vec<&str> = svg.lines().filter(|line| line.starts_with("<circle")).collect();
        assert!(dots[0].contains(&format!("cy=\"{LATENCY_TOP:.1}\"")), "{}", dots[0]);
        assert!(dots.iter().all(|dot| dot.contains("fill=\"none\"")));
    }

    #[test]
    fn a_line_goes_through_the_medians() {
        let points = [point("a", 0, 10, 1.0, 0.0), point("a", 1, 10, 9.0, 0.0), point("a", 2, 10, 2.0, 0.0)];
        assert_eq!(medians(points.iter(), |point| point.p99_us), [(10.0, 2.0)]);
    }

    #[test]
    fn a_run_without_points_is_a_picture_without_lines() {
        let svg = svg(&[]);
        assert!(!svg.contains("<polyline") && !svg.contains("NaN"));
    }
}
