//! A table: columns, rows, and their order.

use std::cmp::Ordering;

/// How a text stands out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Tone {
    /// It does not.
    #[default]
    Plain,
    /// It matters less than what is around it.
    Dim,
    /// All is well.
    Good,
    /// To be looked at.
    Warning,
    /// Bad.
    Bad,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// How many cells it takes; 0 for all that the others leave.
    pub cells: u16,
    /// Whether it stands at the right end of its cells, and is sorted from the largest down.
    pub is_number: bool,
}

impl Column {
    /// A column of text.
    #[must_use]
    pub const fn text(title: &'static str, cells: u16) -> Self {
        Self {
            title,
            cells,
            is_number: false,
        }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn number(title: &'static str, cells: u16) -> Self {
        Self {
            title,
            cells,
            is_number: true,
        }
    }
}

/// By what a cell is sorted.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl Value {
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}

/// What stands in a row under a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Its pieces; not made harmless yet.
    pub pieces: Vec<(String, Tone)>,
    /// By what it is sorted.
    pub value: Value,
}

impl Cell {
    /// A text.
    #[must_use]
    pub fn text(text: impl Into<String>, tone: Tone) -> Self {
        let text = text.into();
        Self {
            pieces: vec![(text.clone(), tone)],
            value: Value::Text(text),
        }
    }

    /// A number as it is shown.
    #[must_use]
    pub fn number(value: f64, shown: impl Into<String>, tone: Tone) -> Self {
        Self {
            pieces: vec![(shown.into(), tone)],
            value: Value::Number(value),
        }
    }

    /// All of its text.
    #[must_use]
    pub fn whole(&self) -> String {
        self.pieces.iter().map(|it| it.0.as_str()).collect()
    }
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What tells it from others, whatever changes in it.
    pub key: String,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// Its columns.
    pub columns: &'static [Column],
    /// Its rows.
    pub rows: Vec<Row>,
}

impl Sheet {
    /// Leaves only rows in which a text occurs, whether its letters are large or small.
    pub fn filter(&mut self, text: &str) {
        if !text.is_empty() {
            self.rows.retain(|row| row.has(text));
        }
    }

    /// Sorts the rows by a column; those alike by their keys.
    pub fn sort(&mut self, column: usize, descending: bool) {
        self.rows.sort_by(|a, b| {
            let order = match (a.cells.get(column), b.cells.get(column)) {
                (Some(a), Some(b)) => a.value.order(&b.value),
                _ => Ordering::Equal,
            };
            let order = if descending { order.reverse() } else { order };
            order.then_with(|| a.key.cmp(&b.key))
        });
    }
}

impl Row {
    /// Whether a text occurs in the row.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let mut cells = self.cells.iter();
        cells.any(|it| it.whole().to_lowercase().contains(&text))
    }
}
