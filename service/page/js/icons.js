/** Brings the icons into the page, once: a reference to another file would be asked for again and again. */

export async function loadIcons() {
  const response = await fetch(new URL('page/icons.svg', document.baseURI));
  if (!response.ok) return;
  const { documentElement: sprite } = new DOMParser().parseFromString(await response.text(), 'image/svg+xml');
  sprite.setAttribute('hidden', '');
  sprite.setAttribute('aria-hidden', 'true');
  document.body.append(document.adoptNode(sprite));
}
