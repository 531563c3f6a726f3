const paths = {
  clock: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8M8 4.6V8l2.4 1.6',
  reload: 'M13.4 6.2A5.6 5.6 0 1 0 13.6 9M13.8 2.6v3.7h-3.7',
  chevron: 'm4.5 6.3 3.5 3.5 3.5-3.5',
  left: 'M9.8 4.5 6.3 8l3.5 3.5',
  right: 'm6.2 4.5 3.5 3.5-3.5 3.5',
  close: 'm4 4 8 8M12 4l-8 8',
  download: 'M8 2.2v8M4.8 7.2 8 10.4l3.2-3.2M2.8 13.4h10.4',
  copy: 'M5.6 5.6h7.6v7.6H5.6zM10.4 5.4V2.8H2.8v7.6h2.6',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1.2v1.4M8 13.4v1.4M1.2 8h1.4M13.4 8h1.4M3.2 3.2l1 1M11.8 11.8l1 1M12.8 3.2l-1 1M4.2 11.8l-1 1',
  moon: 'M13 9.6A5.6 5.6 0 0 1 6.4 3a5.4 5.4 0 1 0 6.6 6.6',
  system: 'M2.2 3.2h11.6v7.6H2.2zM6 13.4h4M8 11v2.2',
  zoom: 'M7 2.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2M10.4 10.4l3.4 3.4M5 7h4M7 5v4',
  search: 'M7 2.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2M10.4 10.4l3.4 3.4',
  filter: 'M2.2 3.2h11.6L9.4 8.6v4.2l-2.8 1.4V8.6z',
} as const

export function Icon({ name }: { readonly name: keyof typeof paths }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  )
}
