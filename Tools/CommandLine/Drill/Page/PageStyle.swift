/// The style sheets of the page; those for charts also go into stand-alone SVGs.
enum PageStyle {
    /// Distinguishable in light and dark mode and with colour blindness: blue, amber and red differ in
    /// lightness too.
    static let colours = """
        :root { --ground: #ffffff; --ink: #1c2128; --soft: #59636e; --rule: #d5dbe1; --fault: #c8321f1c;
          --confirmed: #21708f; --accepted: #82bcd0; --refused: #e0a526; --failed: #c8321f; --curve: #6b3fa0;
            --held: #1a6e4a; }
        @media (prefers-color-scheme: dark) {
          :root { --ground: #0f141a; --ink: #e6ebf0; --soft: #98a3af; --rule: #2f3842; --fault: #f0604d2b;
            --confirmed: #4aa3c2; --accepted: #2a5d72; --refused: #d9a12c; --failed: #f0604d;
              --curve: #b794f4; --held: #56c596; }
        }
        """

    static let charts = """
        svg { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif;
          font-variant-numeric: tabular-nums; }
        svg text { fill: var(--ink); } svg .tick, svg .note { fill: var(--soft); }
        .end { text-anchor: end; } .middle { text-anchor: middle; }
        .grid { stroke: var(--rule); stroke-width: .75; }
        .axis, .tickmark { stroke: var(--soft); stroke-width: 1; }
        .fault { fill: var(--fault); } .edge { stroke: var(--failed); stroke-width: .75; }
        .reach { stroke: var(--failed); stroke-width: 2; } .hint { fill: transparent; }
        .area.confirmed { fill: var(--confirmed); } .area.accepted { fill: var(--accepted); }
        .area.refused { fill: var(--refused); } .area.failed { fill: var(--failed); }
        .curve, .bound, .floor { fill: none; }
        .curve { stroke: var(--curve); stroke-linecap: round; stroke-linejoin: round; }
        .p99 { stroke: var(--curve); stroke-width: 2; }
        .p50 { stroke: var(--curve); stroke-width: 1.25; opacity: .6; }
        .bound { stroke: var(--ink); stroke-width: 1.25; stroke-dasharray: 5 3; }
        .floor { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3; } .dot { fill: var(--curve); }
        .swatch.confirmed { stroke: var(--confirmed); } .swatch.accepted { stroke: var(--accepted); }
        .swatch.refused { stroke: var(--refused); } .swatch.failed { stroke: var(--failed); }
        .swatch.confirmed, .swatch.accepted, .swatch.refused, .swatch.failed { stroke-width: 9; }
        """

    static let page = """
        * { box-sizing: border-box; }
        html { background: var(--ground); color: var(--ink);
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
        body { max-width: 1240px; margin: 0 auto; padding: 24px 16px 64px; }
        h1 { font-size: clamp(1.6rem, 5vw, 2.4rem); line-height: 1.15; margin: 0 0 .5rem;
          text-wrap: balance; }
        h2 { font-size: 1.3rem; margin: 3rem 0 .5rem; overflow-wrap: anywhere; }
        h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
        p, ul { max-width: 72ch; margin: .5rem 0; } ul { padding-left: 1.2rem; }
        a { color: inherit; text-underline-offset: 3px; }
        .kicker { margin: 0; color: var(--soft); letter-spacing: .04em; } .facts { color: var(--soft); }
        .held { color: var(--held); } .failed { color: var(--failed); } .undecided { color: var(--soft); }
        .badge { font-size: .95rem; font-weight: 600; white-space: nowrap; }
        .failures { border-left: 3px solid var(--failed); padding: .25rem 0 .25rem 1.6rem;
          list-style: square; overflow-wrap: anywhere; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums;
          min-width: 100%; }
        figure { margin: 1rem 0; } figcaption { color: var(--soft); font-size: .875rem; }
        th, td { padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--rule);
          vertical-align: baseline; white-space: nowrap; }
        th { font-weight: 600; } thead th { color: var(--soft); font-weight: 400; vertical-align: bottom; }
        td.words { text-align: left; } th.words { text-align: left; } .figure { text-align: right; }
        small { color: var(--soft); }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr));
          gap: 8px 32px; margin: 1rem 0; }
        .charts svg { width: 100%; max-width: 600px; height: auto; display: block; }
        .sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr));
          gap: 0 40px; }
        .side { min-width: 0; display: grid; grid-template-rows: subgrid;
          grid-template-columns: minmax(0, 1fr); grid-row: span 5; }
        .side > * { margin-top: 0; } .sides th, .sides td { padding-right: .5rem; font-size: .8rem; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; font-size: .875rem;
          margin: .5rem 0; align-content: start; }
        dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
        @media print {
          :root { --ground: #fff; --ink: #000; --soft: #444; --rule: #bbb; }
          html { font-size: 11px; } body { max-width: none; padding: 0; }
          .charts, .failures, tr { break-inside: avoid; }
          h2, h3 { break-after: avoid; } .scroll { overflow: visible; }
          .charts { grid-template-columns: 1fr 1fr; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        }
        """
}
