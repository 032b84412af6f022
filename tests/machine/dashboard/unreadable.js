// What of the page cannot be read or has no name, as texts.
;(() => {
  const found = []
  for (const each of document.querySelectorAll('button, a[href], input, select, textarea')) {
    const { labels } = each
    const name =
      each.getAttribute('aria-label') ||
      each.textContent?.trim() ||
      labels?.[0]?.textContent?.trim()
    if (!name && each.checkVisibility()) found.push(`no name: ${each.outerHTML.slice(0, 120)}`)
  }
  const parts = colour => (colour.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = ([red = 0, green = 0, blue = 0]) => {
    const [r = 0, g = 0, b = 0] = [red, green, blue].map(part => {
      const share = part / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const groundOf = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor)
      if ((colour[3] ?? 1) > 0.5) return colour
    }
    return [255, 255, 255]
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement
    const text = walker.currentNode.textContent?.trim()
    if (!text || !element?.checkVisibility({ opacityProperty: true })) continue
    if (
      element.closest('[aria-hidden="true"], [aria-disabled="true"], :disabled, .leaving, noscript')
    )
      continue
    const one = luminance(parts(getComputedStyle(element).color))
    const other = luminance(groundOf(element))
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(1)}: ${text.slice(0, 40)}`)
  }
  return found
})()
