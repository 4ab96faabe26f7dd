//! One path in place of many lines and areas of the same look: a chart of many levels has hundreds of them.

use std::fmt::Write;

/// A line or an area as plotters writes it, one element a line of text.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shape<'a> {
    /// Everything but the points.
    look: &'a str,
    /// Pairs `x,y`.
    points: &'a str,
    closed: bool,
}

impl<'a> Shape<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let (closed, rest) = match line.strip_prefix("<polygon ") {
            Some(rest) => (true, rest),
            None => (false, line.strip_prefix("<polyline ")?),
        };
        let (look, points) = rest.strip_suffix("\"/>")?.split_once(" points=\"")?;
        // A second one of these names would be part of a look that is not understood.
        let is_plain = !look.contains("points=") && !points.contains('"');
        is_plain.then_some(Self { look, points, closed })
    }

    /// Whether it may be drawn in one go with another: what shines through would be doubled where they overlap.
    fn joins(&self, other: &Self) -> bool {
        self.look == other.look && self.closed == other.closed && !self.look.contains("opacity")
    }

    /// Its way from an absolute first point by steps; `None` where a coordinate is no whole number.
    fn way(&self) -> Option<String> {
        let mut way = String::new();
        let mut before: Option<(i32, i32)> = None;
        let mut command = ' ';
        for pair in self.points.split_whitespace() {
            let (x, y) = pair.split_once(',')?;
            let at: (i32, i32) = (x.parse().ok()?, y.parse().ok()?);
            let (next, numbers) = match before.map(|(x, y)| (at.0 - x, at.1 - y)) {
                None => ('M', vec![at.0, at.1]),
                Some((right, 0)) => ('h', vec![right]),
                Some((0, down)) => ('v', vec![down]),
                Some((right, down)) => ('l', vec![right, down]),
            };
            // A command holds until another one; of two numbers the second's sign parts them.
            let mut glued = next != command;
            if glued {
                way.push(next);
            }
            for number in numbers {
                let gap = if glued || number < 0 { "" } else { " " };
                let _ = write!(way, "{gap}{number}");
                glued = false;
            }
            (before, command) = (Some(at), next);
        }
        if self.closed {
            way.push('z');
        }
        Some(way)
    }
}

/// The same picture with neighbours of one look joined; anything else stays as it is.
pub(super) fn joined(svg: &str) -> String {
    let mut written = String::with_capacity(svg.len());
    let mut open: Option<(Shape<'_>, String)> = None;
    for line in svg.lines() {
        let shape = Shape::of(line).and_then(|shape| Some((shape, shape.way()?)));
        if let (Some((first, ways)), Some((shape, way))) = (&mut open, &shape)
            && first.joins(shape)
        {
            *ways += way;
            continue;
        }
        close(&mut written, open.take());
        match shape {
            Some(begun) => open = Some(begun),
            None => {
                written += line;
                written.push('\n');
            }
        }
    }
    close(&mut written, open);
    written
}

fn close(written: &mut String, open: Option<(Shape<'_>, String)>) {
    if let Some((shape, ways)) = open {
        let _ = writeln!(written, "<path {} d=\"{ways}\"/>", shape.look);
    }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn neighbours_of_one_look_become_one_path() {
        let bar = "<polyline fill=\"none\" stroke=\"#C2410C\" points=\"186,181 194,181 190,169 \"/>\n";
        let other = "<polyline fill=\"none\" stroke=\"#15803D\" points=\"5,5 5,9 3,7 1,9 \"/>\n";
        let mark = "<polygon fill=\"#C2410C\" points=\"1,2 4,6 1,6 1,2 \"/>\n";
        assert_eq!(
            joined(&format!("<svg>\n{bar}{bar}{other}{bar}{mark}{mark}</svg>\n")),
            "<svg>\n\
             <path fill=\"none\" stroke=\"#C2410C\" d=\"M186 181h8l-4-12M186 181h8l-4-12\"/>\n\
             <path fill=\"none\" stroke=\"#15803D\" d=\"M5 5v4l-2-2-2 2\"/>\n\
             <path fill=\"none\" stroke=\"#C2410C\" d=\"M186 181h8l-4-12\"/>\n\
             <path fill=\"#C2410C\" d=\"M1 2l3 4h-3v-4zM1 2l3 4h-3v-4z\"/>\n\
             </svg>\n"
        );
    }

    #[test]
    fn what_shines_through_is_not_joined() {
        let band = "<polygon opacity=\"0.16\" fill=\"#1F5FBF\" points=\"0,0 4,0 4,4 \"/>\n";
        let path = "<path opacity=\"0.16\" fill=\"#1F5FBF\" d=\"M0 0h4v4z\"/>\n";
        assert_eq!(joined(&format!("{band}{band}")), format!("{path}{path}"));
    }

    #[test]
    fn what_is_not_understood_stays() {
        for line in [
            "<polyline fill=\"none\" points=\"1.5,2 3,4 \"/>\n",
            "<polyline fill=\"none\" points=\"1 2 \"/>\n",
            "<circle cx=\"1\" cy=\"2\" r=\"3\"/>\n",
            "a name with <polyline in it\n",
        ] {
            assert_eq!(joined(line), line);
        }
    }
}
