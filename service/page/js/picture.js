/** A drawing of the page as a file of its own, with the colours that the style sheets give it here and now. */

const PROPERTIES = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-linecap',
  'font-size',
  'font-family',
  'font-weight',
  'opacity',
];
const SHAPES = 'path:not(.reach), rect, text';
const NAMESPACE = 'http://www.w3.org/2000/svg';

/**
 * Serialise a drawing with its computed styles as attributes.
 *
 * @param {SVGSVGElement} drawing
 * @returns {string}
 */
export function standalone(drawing) {
  const copy = /** @type {SVGSVGElement} */ (drawing.cloneNode(true));
  const { width, height } = drawing.viewBox.baseVal;
  for (const reach of copy.querySelectorAll('.reach')) reach.remove();
  const copies = copy.querySelectorAll(SHAPES);
  drawing.querySelectorAll(SHAPES).forEach((element, index) => {
    const style = getComputedStyle(element);
    for (const name of PROPERTIES) {
      const value = style.getPropertyValue(name);
      copies[index].setAttribute(name, name === 'fill' || name === 'stroke' ? hex(value) : value);
    }
  });
  for (const element of [copy, ...copy.querySelectorAll('*')]) {
    for (const name of ['class', 'style', 'tabindex', 'data-key', 'role']) element.removeAttribute(name);
  }
  copy.setAttribute('xmlns', NAMESPACE);
  copy.setAttribute('width', String(width));
  copy.setAttribute('height', String(height));
  const ground = document.createElementNS(NAMESPACE, 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', background());
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

/**
 * Paint a drawing on a canvas, shape by shape: a strict content security policy forbids to load it as an image.
 *
 * @param {SVGSVGElement} drawing
 * @param {number} scale
 * @returns {HTMLCanvasElement}
 */
export function paint(drawing, scale) {
  const { width, height } = drawing.viewBox.baseVal;
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.scale(scale, scale);
  context.fillStyle = background();
  context.fillRect(0, 0, width, height);
  for (const element of drawing.querySelectorAll(SHAPES))
    paintShape(context, /** @type {SVGGraphicsElement} */ (element));
  return canvas;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {SVGGraphicsElement} element
 */
function paintShape(context, element) {
  const style = getComputedStyle(element);
  context.fillStyle = hex(style.fill);
  if (element instanceof SVGTextElement) {
    context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.fillText(element.textContent ?? '', Number(element.getAttribute('x')), Number(element.getAttribute('y')));
    return;
  }
  const shape = outline(element);
  if (style.fill !== 'none') context.fill(shape);
  if (style.stroke === 'none') return;
  context.strokeStyle = hex(style.stroke);
  context.lineWidth = parseFloat(style.strokeWidth);
  context.setLineDash((element.getAttribute('stroke-dasharray') ?? '').split(' ').filter(Boolean).map(Number));
  context.stroke(shape);
}

/** @param {SVGGraphicsElement} element */
function outline(element) {
  if (element instanceof SVGPathElement) return new Path2D(element.getAttribute('d') ?? '');
  const number = (/** @type {string} */ name) => Number(element.getAttribute(name));
  const shape = new Path2D();
  shape.roundRect(number('x'), number('y'), number('width'), number('height'), number('rx'));
  return shape;
}

function background() {
  return hex(getComputedStyle(document.documentElement).getPropertyValue('background-color'));
}

const pixel = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

/**
 * A colour as every program reads it; `none` and what is transparent stay so.
 *
 * @param {string} colour
 */
function hex(colour) {
  if (!pixel || colour === 'none') return colour;
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = colour;
  pixel.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
  if (alpha === 0) return 'transparent';
  return `#${[red, green, blue].map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
