//! The figures of searches, as people read them.

use std::fmt::Write as _;

use super::search::Found;

/// A table in Markdown, with a line for each search and their sum.
pub fn table(found: &[Found]) -> String {
    let mut text = String::from(
        "| pipeline | states | transitions | refused commands | longest shortest path | cut by a bound | ends |\n|---|--:|--:|--:|--:|--:|---|\n",
    );
    for of in found {
        let ends: Vec<&str> = of.ends.keys().copied().collect();
        line(
            &mut text,
            of.world,
            [of.states, of.transitions, of.refused, of.depth as usize, of.cut],
            &ends.join(", "),
        );
    }
    let sum = |figure: fn(&Found) -> usize| found.iter().map(figure).sum::<usize>();
    let depth = found.iter().map(|of| of.depth as usize).max().unwrap_or(0);
    let all = [sum(|of| of.states), sum(|of| of.transitions), sum(|of| of.refused), depth, sum(|of| of.cut)];
    line(&mut text, "all", all, "");
    text
}

fn line(text: &mut String, name: &str, figures: [usize; 5], ends: &str) {
    let [states, transitions, refused, depth, cut] = figures;
    writeln!(text, "| {name} | {states} | {transitions} | {refused} | {depth} | {cut} | {ends} |")
        .expect("writing to a String cannot fail");
}
