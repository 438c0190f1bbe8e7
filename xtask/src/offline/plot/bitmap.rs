//! Bitmaps with text on hosts without any font: plotters leaves text to the system's fonts, here it
//! is drawn with an 8x8 bitmap font.

use font8x8::UnicodeFonts;
use plotters::prelude::BitMapBackend;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontTransform,
};

/// Pixels of a glyph's side.
const GLYPH: i32 = 8;

/// A bitmap that can be written on.
pub struct Labelled<'a>(pub BitMapBackend<'a>);

type Failure<'a> = DrawingErrorKind<<BitMapBackend<'a> as DrawingBackend>::ErrorType>;

impl<'a> DrawingBackend for Labelled<'a> {
    type ErrorType = <BitMapBackend<'a> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.0.get_size()
    }

    fn ensure_prepared(&mut self) -> Result<(), Failure<'a>> {
        self.0.ensure_prepared()
    }

    fn present(&mut self) -> Result<(), Failure<'a>> {
        self.0.present()
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Result<(), Failure<'a>> {
        self.0.draw_pixel(point, color)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Result<(), Failure<'a>> {
        self.0.draw_line(from, to, style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Result<(), Failure<'a>> {
        self.0.draw_rect(upper_left, bottom_right, style, fill)
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        at: BackendCoord,
    ) -> Result<(), Failure<'a>> {
        let scale = scale(style.size());
        let (width, height) = size(text, scale);
        let anchor = style.anchor();
        let left = match anchor.h_pos {
            HPos::Left => 0,
            HPos::Center => -width / 2,
            HPos::Right => -width,
        };
        let top = match anchor.v_pos {
            VPos::Top => 0,
            VPos::Center => -height / 2,
            VPos::Bottom => -height,
        };
        let transform = style.transform();
        for (place, character) in (0i32..).zip(text.chars()) {
            let glyph = font8x8::BASIC_FONTS.get(character).unwrap_or([0xff; 8]);
            for (row, bits) in (0i32..).zip(glyph) {
                for column in (0..GLYPH).filter(|column| bits >> column & 1 == 1) {
                    for (dx, dy) in (0..scale * scale).map(|n| (n % scale, n / scale)) {
                        let x = left + (place * GLYPH + column) * scale + dx;
                        let (x, y) = transform.transform(x, top + row * scale + dy);
                        self.0.draw_pixel((at.0 + x, at.1 + y), style.color())?;
                    }
                }
            }
        }
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), Failure<'a>> {
        let (width, height) = size(text, scale(style.size()));
        let (width, height) = (width.unsigned_abs(), height.unsigned_abs());
        Ok(match style.transform() {
            FontTransform::Rotate90 | FontTransform::Rotate270 => (height, width),
            _ => (width, height),
        })
    }
}

/// How many pixels a pixel of a glyph becomes.
fn scale(points: f64) -> i32 {
    if points >= 20.0 { 2 } else { 1 }
}

fn size(text: &str, scale: i32) -> (i32, i32) {
    let characters = i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 64);
    (characters.saturating_mul(GLYPH * scale), GLYPH * scale)
}
