// Scrolls a list page by page, down and up again. Gives how long each frame took, and how long the page itself was at work in it, layout included, in milliseconds.
;(async () => {
  const list = document.querySelector('.list')
  const frames = []
  const work = []
  let way = 700
  let last = performance.now()
  for (let step = 0; step < 120; step++) {
    const from = performance.now()
    const before = list.scrollTop
    list.scrollTop += way
    if (list.scrollTop === before) way = -way
    list.dispatchEvent(new Event('scroll'))
    list.getBoundingClientRect()
    work.push(performance.now() - from)
    await new Promise(requestAnimationFrame)
    frames.push(performance.now() - last)
    last = performance.now()
  }
  return { frames, work }
})()
