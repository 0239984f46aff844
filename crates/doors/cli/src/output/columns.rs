//! Text in columns, as Go's `tabwriter` lays it out.

/// Lays out lines of tab-separated cells. A column is as wide as its widest cell and `padding`, at least `minimum`; what follows
/// the last tab of a line is not a cell of a column.
pub(crate) fn columns(lines: &[String], minimum: usize, padding: usize) -> String {
    let rows: Vec<Vec<&str>> = lines.iter().map(|line| line.split('\t').collect()).collect();
    let widths = widths(&rows, minimum, padding);
    let mut out = String::new();
    for row in &rows {
        let (last, cells) = row.split_last().unwrap_or((&"", &[]));
        for (cell, width) in cells.iter().zip(&widths) {
            out.push_str(cell);
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
        }
        out.push_str(last);
        out.push('\n');
    }
    out
}

fn widths(rows: &[Vec<&str>], minimum: usize, padding: usize) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        for (at, cell) in row.iter().take(row.len().saturating_sub(1)).enumerate() {
            if widths.len() <= at {
                widths.push(minimum);
            }
            widths[at] = widths[at].max(cell.chars().count() + padding);
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let lines = ["A\tB\tC".to_owned(), "longer than ten\tx\t…".to_owned()];
        assert_eq!(columns(&lines, 10, 3), "A                 B         C\nlonger than ten   x         …\n");
    }
}
