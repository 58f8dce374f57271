"""Is this XML a task that the Task Scheduler of Windows would take?

The service refuses what does not fit its published schema (MS-TSCH, section 2.5);
Wine takes anything well-formed.  What is here of the schema is what a task that
starts a program by the clock can have; the rest is refused as unknown.  Where the
schema says "in any order", the order of the outermost elements is still asked for
as Windows itself writes it.

    faults(xml)         a list of sentences, empty if all is well; xml: str
    file_faults(bytes)  the same for the file that schtasks is given
"""

import datetime
import re
import xml.etree.ElementTree as ET

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
DAY = 86400


# --- values: each says what is wrong with a text, or nothing

def text(value):
    return None


def boolean(value):
    return None if value in ("true", "false", "1", "0") else "is no boolean"


def one_of(*words):
    return lambda value: None if value in words else f"is none of {', '.join(words)}"


def length(low, high):
    return lambda value: None if low <= len(value) <= high else f"is not {low} to {high} long"


def number(low, high):
    def check(value):
        if not re.fullmatch(r"[+-]?\d{1,9}", value) or not low <= int(value) <= high:
            return f"is no number from {low} to {high}"
    return check


def seconds_of(value):
    m = re.fullmatch(r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?"
                     r"(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", value)
    if m is None:
        return None
    weights = (365 * DAY, 30 * DAY, DAY, 3600, 60, 1)
    return sum(float(n or 0) * weight for n, weight in zip(m.groups(), weights))


def duration(low=0, high=float("inf")):
    def check(value):
        seconds = seconds_of(value)
        if seconds is None:
            return "is no duration"
        if not low <= seconds <= high:
            return f"is not between {low} and {high} seconds"
    return check


def date_time(value):
    m = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?", value)
    try:
        datetime.datetime.fromisoformat(m[1])
    except (TypeError, ValueError):
        return "is no date and time"


# --- elements

class Node:
    """What an element holds: children, in this order if `ordered`."""

    def __init__(self, children, ordered=False, needs=(), attributes=(), several=0):
        self.children = children
        self.ordered = ordered
        self.needs = needs
        self.attributes = dict(attributes)
        self.several = several      # so many children in all, of any name, repeated


name = length(1, 10 ** 6)
path = length(1, 260)

repetition = Node({"Interval": duration(60, 31 * DAY), "Duration": duration(60),
                   "StopAtDurationEnd": boolean}, needs=["Interval"])
trigger = {"Enabled": boolean, "StartBoundary": date_time, "EndBoundary": date_time,
           "Repetition": repetition, "ExecutionTimeLimit": duration()}
by_day = Node({"DaysInterval": number(1, 365)})
triggers = Node({
    "TimeTrigger": Node({**trigger, "RandomDelay": duration()}, ordered=True,
                        needs=["StartBoundary"], attributes={"id": name}),
    "CalendarTrigger": Node({**trigger, "RandomDelay": duration(), "ScheduleByDay": by_day},
                            ordered=True, needs=["StartBoundary", "ScheduleByDay"],
                            attributes={"id": name}),
}, several=48)
principal = Node({
    "UserId": name, "LogonType": one_of("S4U", "Password", "InteractiveToken",
                                        "InteractiveTokenOrPassword"),
    "GroupId": name, "DisplayName": text,
    "RunLevel": one_of("LeastPrivilege", "HighestAvailable"),
}, attributes={"id": name})
settings = Node({
    "AllowStartOnDemand": boolean,
    "RestartOnFailure": Node({"Interval": duration(60, 31 * DAY), "Count": number(1, 255)},
                             needs=["Interval", "Count"]),
    "MultipleInstancesPolicy": one_of("Parallel", "Queue", "IgnoreNew", "StopExisting"),
    "DisallowStartIfOnBatteries": boolean, "StopIfGoingOnBatteries": boolean,
    "AllowHardTerminate": boolean, "StartWhenAvailable": boolean, "NetworkProfileName": text,
    "RunOnlyIfNetworkAvailable": boolean, "WakeToRun": boolean, "Enabled": boolean,
    "Hidden": boolean, "DeleteExpiredTaskAfter": duration(),
    "IdleSettings": Node({"Duration": duration(60), "WaitTimeout": duration(60),
                          "StopOnIdleEnd": boolean, "RestartOnIdle": boolean}),
    "NetworkSettings": Node({"Name": name, "Id": name}),
    "ExecutionTimeLimit": duration(), "Priority": number(0, 10), "RunOnlyIfIdle": boolean,
    "UseUnifiedSchedulingEngine": boolean, "DisallowStartOnRemoteAppSession": boolean,
})
LATER = {"UseUnifiedSchedulingEngine", "DisallowStartOnRemoteAppSession"}     # since 1.3
registration = Node({"URI": text, "SecurityDescriptor": text, "Source": text, "Date": date_time,
                     "Author": text, "Version": text, "Description": text,
                     "Documentation": text})
actions = Node({"Exec": Node({"Command": path, "Arguments": text, "WorkingDirectory": path},
                             needs=["Command"], attributes={"id": name})},
               needs=["Exec"], attributes={"Context": name}, several=32)
task = Node({"RegistrationInfo": registration, "Triggers": triggers,
             "Principals": Node({"Principal": principal}, needs=["Principal"]),
             "Settings": settings, "Actions": actions},
            ordered=True, needs=["Actions"],
            attributes={"version": one_of("1.2", "1.3", "1.4", "1.5", "1.6")})


def local_name(element):
    space, _, local = element.tag.rpartition("}")
    return local if space[1:] == NAMESPACE else f"{element.tag} of another namespace"


def check(element, kind, where, found):
    if not isinstance(kind, Node):
        if len(element) or element.attrib:
            found.append(f"{where}: holds more than a text")
        wrong = kind(element.text or "")
        if wrong:
            found.append(f"{where}: {element.text!r} {wrong}")
        return
    for key, value in element.attrib.items():
        wrong = kind.attributes[key](value) if key in kind.attributes else "is unknown"
        if wrong:
            found.append(f"{where}: {key}={value!r} {wrong}")
    if any(t and t.strip() for t in [element.text, *[child.tail for child in element]]):
        found.append(f"{where}: a text between elements")
    names = [local_name(child) for child in element]
    for child, child_name in zip(element, names):
        if child_name not in kind.children:
            found.append(f"{where}: unknown element {child_name}")
            continue
        check(child, kind.children[child_name], f"{where}/{child_name}", found)
    found += [f"{where}: lacks {n}" for n in kind.needs if n not in names]
    if not kind.several:
        found += [f"{where}: {n} more than once" for n in set(names) if names.count(n) > 1]
    elif len(names) > kind.several:
        found.append(f"{where}: more than {kind.several} elements")
    order = list(kind.children)
    places = [order.index(n) for n in names if n in order]
    if kind.ordered and places != sorted(places):
        found.append(f"{where}: elements in the wrong order: {', '.join(names)}")


def meaning(root, found):
    """What no table of elements says."""
    def all_of(tag):
        return list(root.iter(f"{{{NAMESPACE}}}{tag}"))

    ids = [e.get("id") for e in root.iter() if e.get("id")]
    found += [f"id {i} more than once" for i in set(ids) if ids.count(i) > 1]
    principals = [p.get("id") for p in all_of("Principal")]
    for action in all_of("Actions"):
        if action.get("Context") not in [None, *principals]:
            found.append(f"Context={action.get('Context')!r} is the id of no principal")
    for one in all_of("Principal"):
        here = [local_name(child) for child in one]
        if ("UserId" in here) == ("GroupId" in here):
            found.append("a principal needs either a UserId or a GroupId")
    for one in all_of("Repetition"):
        interval, lasts = (seconds_of(one.findtext(f"{{{NAMESPACE}}}{n}") or "")
                           for n in ("Interval", "Duration"))
        if interval and lasts and lasts < interval:
            found.append("a repetition ends before its first interval")
    if root.get("version") == "1.2":
        found += [f"{local_name(e)} needs version 1.3" for e in root.iter()
                  if local_name(e) in LATER]


def faults(xml):
    """xml: a str (whose declaration does not count), or bytes (where it does)."""
    if isinstance(xml, str):
        xml = re.sub(r"^\ufeff?<\?xml[^>]*\?>", "", xml).strip()
    try:
        root = ET.fromstring(xml)
    except (ET.ParseError, LookupError, ValueError) as e:
        return [f"no XML: {e}"]
    if root.tag != f"{{{NAMESPACE}}}Task":
        return [f"the outermost element is {root.tag}"]
    found = []
    check(root, task, "Task", found)
    meaning(root, found)
    return found


def file_faults(data):
    """schtasks refuses UTF-8 with a mark or a declaration, and takes what has neither
    for the code page of the system."""
    if not data.startswith(b"\xff\xfe"):
        return ["the file does not begin with the mark of UTF-16LE"]
    try:
        xml = data[2:].decode("utf-16-le")
    except UnicodeDecodeError as e:
        return [f"no UTF-16: {e}"]
    if not re.match(r"<\?xml version=\"1.0\" encoding=\"UTF-16\"\?>\r\n<", xml):
        return [f"the declaration says something else: {xml[:60]!r}"]
    return faults(data)
