/// What the console is written in, for those who read it without a browser's script.
enum Language: String, Sendable, CaseIterable { case en, ko }
