package compose

import "github.com/mitigraph/mitigraph/graph"

// kind is what is said about one kind of gap.
type kind struct {
	summary func(where string) string // where is " on plc-1" or empty
	plain   string                    // the summary, naming nothing
	step    sentence
	limits  sentence
}

var kinds = map[graph.GapKind]func(*writer) kind{
	graph.GapNoMitigation: func(w *writer) kind {
		return kind{
			summary: func(where string) string {
				return "ATT&CK lists no mitigation for " + w.subject + ", which the findings open" + where + "." + w.proposal()
			},
			plain: "ATT&CK lists no mitigation for a technique that the findings open." + w.proposal(),
			step: sentence{forms: []string{
				"Ask what " + w.subject + " would do to the process, and whether an independent layer, such as a hard-wired interlock or a manual procedure, still holds when it succeeds.",
				"Ask what the technique would do to the process, and whether an independent layer, such as a hard-wired interlock or a manual procedure, still holds when it succeeds.",
			}},
			limits: sentence{forms: []string{
				"No source that the graph holds says that these steps stop " + w.subject + ". The weakness stays, so record the remaining risk and who accepts it.",
				"No source that the graph holds says that these steps stop the technique. The weakness stays, so record the remaining risk and who accepts it.",
			}},
		}
	},
	graph.GapPlaceholderOnly: func(w *writer) kind {
		return kind{
			summary: func(where string) string {
				return "For " + w.subject + ", which the findings open" + where + ", ATT&CK only says that mitigation is limited or not effective." + w.proposal()
			},
			plain: "For a technique that the findings open, ATT&CK only says that mitigation is limited or not effective." + w.proposal(),
			step: sentence{forms: []string{
				"Since " + w.subject + " is hard to prevent, prepare to notice it and to recover: keep tested offline copies of logic and configuration, and rehearse going on without the device.",
				"Since the technique is hard to prevent, prepare to notice it and to recover: keep tested offline copies of logic and configuration, and rehearse going on without the device.",
			}},
			limits: sentence{forms: []string{
				"Prevention of " + w.subject + " stays limited whatever is done here. What can improve is how far it reaches, how soon it is noticed, and how fast the process is safe again.",
				"Prevention stays limited whatever is done here. What can improve is how far an attack reaches, how soon it is noticed, and how fast the process is safe again.",
			}},
		}
	},
	graph.GapNotDeployed: func(w *writer) kind {
		return kind{
			summary: func(where string) string {
				return "None of ATT&CK's mitigations for " + w.subject + " is known to be deployed" + where + "." + w.unnamed()
			},
			plain: "None of ATT&CK's mitigations for a technique that the findings open is known to be deployed." + w.unnamed(),
			step: sentence{forms: []string{
				"Check whether a control that works like one of ATT&CK's mitigations is in place under another name; the list of what is deployed may be incomplete, and recording it there would close this gap.",
			}},
			limits: sentence{forms: []string{
				"ATT&CK lists its mitigations against " + w.subject + " and doesn't say that one is enough. None removes the weakness, and how well it works on this site is not known to the graph.",
				"ATT&CK lists its mitigations against the technique and doesn't say that one is enough. None removes the weakness, and how well it works on this site is not known to the graph.",
			}},
		}
	},
	graph.GapNotFeasible: func(w *writer) kind {
		return kind{
			summary: func(where string) string {
				return "ATT&CK has mitigations for " + w.subject + ", but the constraints of the devices rule out every one" + where + "." + w.proposal()
			},
			plain: "ATT&CK has mitigations for a technique that the findings open, but the constraints of the devices rule out every one." + w.proposal(),
			step: sentence{forms: []string{
				"Have the constraints confirmed by the owner of the devices and the vendor, and plan for their end: a constraint that falls with the next outage or replacement reopens the official mitigations.",
			}},
			limits: sentence{forms: []string{
				"As long as the constraints hold, " + w.subject + " is answered around the devices at best. Record the remaining risk and look at it again when a device is replaced.",
				"As long as the constraints hold, the technique is answered around the devices at best. Record the remaining risk and look at it again when a device is replaced.",
			}},
		}
	},
	graph.GapNoDetection: func(w *writer) kind {
		return kind{
			summary: func(where string) string {
				return "ATT&CK names nothing to collect that would show " + w.subject + where + "."
			},
			plain: "ATT&CK names nothing to collect that would show a technique which the findings open.",
			step: sentence{forms: []string{
				"Look for the effects of " + w.subject + " instead: record the normal traffic and the process values of the devices from a passive tap, and have operators report what deviates.",
				"Look for the effects of the technique instead: record the normal traffic and the process values of the devices from a passive tap, and have operators report what deviates.",
			}},
			limits: sentence{forms: []string{
				"A deviation is a sign, not a proof, of " + w.subject + ", and an attack that stays within normal values goes unseen. Nothing here prevents it: what is missing is a way to see it, so no mitigation is named.",
				"A deviation is a sign, not a proof, of the technique, and an attack that stays within normal values goes unseen. Nothing here prevents it: what is missing is a way to see it, so no mitigation is named.",
			}},
		}
	},
	graph.GapNoTechnique: func(w *writer) kind {
		return kind{
			summary: func(where string) string {
				return "The findings" + where + " lead to no ATT&CK technique, so ATT&CK can't say what answers them."
			},
			plain: "The findings lead to no ATT&CK technique, so ATT&CK can't say what answers them.",
			step: sentence{forms: []string{
				"Have an analyst read the findings and name the weakness behind each, or the technique that it opens; with that, the graph can answer. Silence here does not mean that the findings are harmless.",
			}},
			limits: sentence{forms: []string{
				"Without a technique nothing in this draft is specific to the findings. Their severity is the only guide to how urgent they are.",
			}},
		}
	},
}

// otherKind stands in for a kind of gap that this package does not know.
func otherKind(w *writer) kind {
	return kind{
		summary: func(where string) string { return "The graph holds a gap about " + w.subject + where + "." },
		plain:   "The graph holds a gap that the findings open.",
		step: sentence{forms: []string{
			"Have an analyst look at the evidence and decide what is missing before anything is changed on a device.",
		}},
		limits: sentence{forms: []string{
			"Nothing in this draft is specific to the gap, and the weakness behind it stays.",
		}},
	}
}

// proposal introduces candidates that ATT&CK does not name for the technique.
func (w *writer) proposal() string {
	switch {
	case w.named == 0 && len(w.gap.Candidates) == 0:
		return " The graph holds no control to propose for it either."
	case w.named == 0:
		return w.unnamed()
	case w.named == 1:
		return " The control named below answers similar techniques and is a proposal."
	}
	return " The controls named below answer similar techniques and are proposals."
}

// unnamed says why no candidate is named, where none is.
func (w *writer) unnamed() string {
	if w.named > 0 {
		return ""
	}
	return " The evidence given for this draft names no control against it."
}
