// Pictures whose cells have colours or greys.
import { Painter } from "./painter.js";

const SHADES = 1024; // between the two ends of a palette: finer than a screen's
const rounded = (v) => Math.round(255 * Math.min(Math.max(v || 0, 0), 1));
/** A pixel's four bytes as one number: red is the lowest. */
const rgb = (r, g, b) => 0xff000000 | (rounded(b) << 16) | (rounded(g) << 8) | rounded(r);

/** The shades of a palette, linear between its colours. */
function shades(palette) {
  return Uint32Array.from({ length: SHADES }, (_, k) => {
    const place = (k / (SHADES - 1)) * (palette.length - 1), below = Math.min(Math.floor(place), palette.length - 2);
    return rgb(...palette[below].map((v, i) => v + (place - below) * (palette[below + 1][i] - v)));
  });
}

Object.assign(Painter.prototype, {
  image({ pixels, low, high, palette, least, greatest }, _, shape) {
    const [rows, columns] = shape;
    const cells = new Uint32Array(rows * columns);
    if (shape.length === 3) for (let k = 0; k < cells.length; k++) cells[k] = rgb(pixels[3 * k], pixels[3 * k + 1], pixels[3 * k + 2]);
    else {
      const table = shades(palette ?? [[0, 0, 0], [1, 1, 1]]), [first, last] = palette ? [least, greatest] : [0, 1];
      const scale = (SHADES - 1) / (last - first);
      for (let k = 0; k < cells.length; k++)
        cells[k] = table[Math.min(Math.max(Math.round((pixels[k] - first) * scale) || 0, 0), SHADES - 1)];
    }
    this.cells(cells, columns, low, high);
  },
  /** A grey surface lit from the upper left. */
  lit({ height, steepness, low, high }, _, [rows, columns]) {
    const cells = new Uint32Array(rows * columns), h = (k) => height[k] || 0;
    for (let r = 0, k = 0; r < rows; r++)
      for (let c = 0; c < columns; c++, k++) {
        const left = +(c > 0), right = +(c < columns - 1), up = +(r > 0), down = +(r < rows - 1); // no neighbour beyond an edge
        const x = (h(k + right) - h(k - left)) / (Math.max(left + right, 1) * steepness);
        const y = (h(k + down * columns) - h(k - up * columns)) / (Math.max(up + down, 1) * steepness);
        cells[k] = 0xff000000 | (0x10101 * rounded((0.5 * x + 0.5 * y + Math.SQRT1_2) / Math.sqrt(1 + x * x + y * y)));
      }
    this.cells(cells, columns, low, high);
  },
  cells(cells, columns, low, high) {
    const rows = cells.length / columns, sheet = (this.context.sheet ??= document.createElement("canvas"));
    [sheet.width, sheet.height] = [columns, rows];
    sheet.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(cells.buffer), columns, rows), 0, 0);
    const [x0, y1] = this.view.pixel(low), [x1, y0] = this.view.pixel(high);
    this.context.globalAlpha = 1;
    this.context.imageSmoothingEnabled = false; // a cell is a cell
    this.context.drawImage(sheet, x0, y0, x1 - x0, y1 - y0);
  },
});
