import { CopyButton } from './copy-button.tsx'

/** A text to paste where links are not opened. */
export function TicketText({ text }: { readonly text: string }) {
  return (
    <>
      <h3>For a ticket</h3>
      <pre class="snippet ticket" tabIndex={0}>
        {text}
      </pre>
      <p class="actions">
        <CopyButton text={text} what="text" />
      </p>
    </>
  )
}
