// What part of the plane is seen, and where in pixels.
const LARGEST_ZOOM = 60;

export class MapView {
  constructor(points) {
    this.bounds = boundsOf(points);
    this.resize(1, 1);
  }

  // Take a size in pixels; a view that shows everything keeps doing so.
  resize(width, height) {
    const isFit = this.scale === this.fitScale;
    [this.width, this.height] = [width, height];
    const [left, top, right, bottom] = this.bounds;
    const margin = 26;
    this.fitScale = Math.min(
      Math.max(width - 2 * margin, 50) / Math.max(right - left, 0.1),
      Math.max(height - 2 * margin, 50) / Math.max(bottom - top, 0.1),
    );
    if (isFit || this.scale < this.fitScale) this.fit();
  }

  fit() {
    const [left, top, right, bottom] = this.bounds;
    [this.x, this.y] = [(left + right) / 2, (top + bottom) / 2];
    this.scale = this.fitScale;
  }

  toScreen([x, y]) {
    return [
      this.width / 2 + (x - this.x) * this.scale,
      this.height / 2 + (y - this.y) * this.scale,
    ];
  }

  toPlane([left, top]) {
    return [
      this.x + (left - this.width / 2) / this.scale,
      this.y + (top - this.height / 2) / this.scale,
    ];
  }

  // Move what is seen by pixels.
  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this._keepInside();
  }

  // Zoom around a place in pixels.
  zoom(factor, at = [this.width / 2, this.height / 2]) {
    const fixed = this.toPlane(at);
    const most = LARGEST_ZOOM * this.fitScale;
    this.scale = Math.min(Math.max(this.scale * factor, this.fitScale), most);
    const [x, y] = this.toPlane(at);
    this.x += fixed[0] - x;
    this.y += fixed[1] - y;
    if (this.scale === this.fitScale) this.fit();
    else this._keepInside();
  }

  // Bring a point into the view.
  reveal([x, y]) {
    const [left, top] = this.toScreen([x, y]);
    const margin = 30;
    const isSeen =
      left > margin && left < this.width - margin && top > margin && top < this.height - margin;
    if (!isSeen) [this.x, this.y] = [x, y];
  }

  _keepInside() {
    const [left, top, right, bottom] = this.bounds;
    this.x = Math.min(Math.max(this.x, left), right);
    this.y = Math.min(Math.max(this.y, top), bottom);
  }
}

function boundsOf(points) {
  const bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    bounds[0] = Math.min(bounds[0], points[i]);
    bounds[1] = Math.min(bounds[1], points[i + 1]);
    bounds[2] = Math.max(bounds[2], points[i]);
    bounds[3] = Math.max(bounds[3], points[i + 1]);
  }
  return bounds;
}
