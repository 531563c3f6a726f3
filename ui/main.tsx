import { render } from 'preact'
import { createStore, StoreContext } from './store.ts'
import { App } from './views/app.tsx'

const host = document.getElementById('app')
if (host !== null) {
  render(
    <StoreContext.Provider value={createStore()}>
      <App />
    </StoreContext.Provider>,
    host,
  )
}
