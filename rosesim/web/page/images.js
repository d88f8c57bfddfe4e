// Pictures whose cells have colours or greys.
import { Painter } from "./painter.js";

const rounded = (v) => Math.round(255 * Math.min(Math.max(v || 0, 0), 1));

Object.assign(Painter.prototype, {
  image({ pixels, low, high, palette, least, greatest }, _, shape) {
    const colours = shape.length === 3, [rows, columns] = shape;
    this.pixels(rows, columns, low, high, (k, put) => {
      if (colours) return put(rounded(pixels[3 * k]), rounded(pixels[3 * k + 1]), rounded(pixels[3 * k + 2]));
      const grey = palette ? 0 : rounded(pixels[k]);
      if (!palette) return put(grey, grey, grey);
      const place = Math.min(Math.max((pixels[k] - least) / (greatest - least) || 0, 0), 1) * (palette.length - 1);
      const below = Math.min(Math.floor(place), palette.length - 2), rest = place - below;
      const a = palette[below], b = palette[below + 1], mix = (i) => rounded((1 - rest) * a[i] + rest * b[i]);
      put(mix(0), mix(1), mix(2));
    });
  },
  /** A grey surface lit from the upper left. */
  lit({ height, steepness, low, high }, _, [rows, columns]) {
    const h = (r, c) => height[r * columns + c] || 0;
    const slope = (f, i, n) => (n < 2 ? 0 : (f(Math.min(i + 1, n - 1)) - f(Math.max(i - 1, 0))) / (i > 0 && i < n - 1 ? 2 : 1));
    this.pixels(rows, columns, low, high, (k, put) => {
      const r = Math.floor(k / columns), c = k % columns;
      const x = slope((j) => h(r, j), c, columns) / steepness, y = slope((i) => h(i, c), r, rows) / steepness;
      const v = rounded((0.5 * x + 0.5 * y + Math.SQRT1_2) / Math.sqrt(1 + x * x + y * y));
      put(v, v, v);
    });
  },
  pixels(rows, columns, low, high, each) {
    const image = new ImageData(columns, rows), { data } = image;
    let at = 0;
    const put = (r, g, b) => {
      data[at++] = r;
      data[at++] = g;
      data[at++] = b;
      data[at++] = 255;
    };
    for (let k = 0; k < rows * columns; k++) each(k, put);
    const sheet = (this.context.sheet ??= document.createElement("canvas"));
    [sheet.width, sheet.height] = [columns, rows];
    sheet.getContext("2d").putImageData(image, 0, 0);
    const [x0, y1] = this.view.pixel(low), [x1, y0] = this.view.pixel(high);
    this.context.globalAlpha = 1;
    this.context.imageSmoothingEnabled = false; // a cell is a cell
    this.context.drawImage(sheet, x0, y0, x1 - x0, y1 - y0);
  },
});
