//! Where a person stands in a table: the row that is selected, by what the rows are sorted, and
//! which are shown.

use super::sheet::Sheet;

/// Where a person stands in a table.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// The selected row's key; it stays selected wherever it goes.
    selected: Option<String>,
    /// Where it was, for when it is gone.
    place: usize,
    /// The column that the rows are sorted by.
    pub column: usize,
    /// Whether the largest come first.
    pub descending: bool,
    /// Only rows with this text are shown.
    pub filter: String,
    /// The first row on the screen.
    offset: usize,
}

impl List {
    /// A list that is sorted by a column.
    #[must_use]
    pub fn by(column: usize, descending: bool) -> Self {
        Self {
            column,
            descending,
            ..Self::default()
        }
    }

    /// The table as it is shown.
    #[must_use]
    pub fn arranged(&self, mut sheet: Sheet) -> Sheet {
        sheet.filter(&self.filter);
        sheet.sort(self.column, self.descending);
        sheet
    }

    /// The place of the selected row in the table as it is shown; `None` when that has no row. When
    /// the row is gone, the one that stands there now is selected.
    pub fn place(&mut self, sheet: &Sheet) -> Option<usize> {
        let last = sheet.rows.len().checked_sub(1)?;
        let known = self
            .selected
            .as_ref()
            .and_then(|key| sheet.rows.iter().position(|row| row.key == *key));
        let place = known.unwrap_or(self.place.min(last));
        self.select(sheet, place);
        Some(place)
    }

    /// The selected row's key.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.selected.as_deref()
    }

    fn select(&mut self, sheet: &Sheet, place: usize) {
        self.place = place;
        self.selected = sheet.rows.get(place).map(|row| row.key.clone());
    }

    /// Goes so many rows down, or up.
    pub fn step(&mut self, sheet: &Sheet, rows: isize) {
        if let Some(place) = self.place(sheet) {
            let last = sheet.rows.len().saturating_sub(1);
            self.select(sheet, place.saturating_add_signed(rows).min(last));
        }
    }

    /// Goes to the first row from the selected one on (the next one, for `again`) in which a text
    /// occurs, and from the beginning after the last. Whether there is one.
    pub fn search(&mut self, sheet: &Sheet, text: &str, again: bool) -> bool {
        let Some(place) = self.place(sheet) else {
            return false;
        };
        let count = sheet.rows.len();
        let from = place + usize::from(again);
        let found = (from..from + count)
            .map(|it| it % count)
            .find(|&it| sheet.rows[it].has(text));
        if let Some(found) = found {
            self.select(sheet, found);
        }
        found.is_some()
    }

    /// Sorts by the column so many to the right, or to the left.
    pub fn sort_beside(&mut self, sheet: &Sheet, columns: isize) {
        let count = sheet.columns.len().max(1).cast_signed();
        let column = (self.column.cast_signed() + columns).rem_euclid(count);
        self.column = column.cast_unsigned();
        self.descending = sheet
            .columns
            .get(self.column)
            .is_some_and(|it| it.is_number);
    }

    /// The first row on a screen of so many rows, such that the selected one is on it.
    pub fn scrolled(&mut self, place: usize, rows: usize) -> usize {
        let least = (place + 1).saturating_sub(rows.max(1));
        self.offset = self.offset.clamp(least, place);
        self.offset
    }
}
