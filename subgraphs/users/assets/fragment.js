// A mailed link bears its token in the fragment, which no browser sends along. This puts it into the page's form and sends that,
// to ask whom the link is for; nothing is spent by it. The address loses the token, so that neither history nor a shared screen has it.
const hasToken = () => location.hash.length > 1

function open() {
  const form = document.querySelector('form[data-opens]')
  if (!form || !hasToken()) return
  form.elements.token.value = location.hash.slice(1)
  history.replaceState(null, '', location.pathname)
  form.submit()
}

// Known before anything is painted, so that the form for pasting a link does not flash by.
document.documentElement.classList.toggle('opening', hasToken())
document.addEventListener('DOMContentLoaded', open)
addEventListener('hashchange', open)
