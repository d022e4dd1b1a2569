"""Advice on what the network is used for, by activity; the EcoGuard alert and the network's strategy give it."""

from collections.abc import Mapping

from exporter.activity.window import Activity

ADVICE: Mapping[Activity, str] = {
    Activity.STREAMING: "It is streaming: lower the video quality, or download once what is watched more than once.",
    Activity.DOWNLOAD: "It is downloading: pause the download, or move it to an hour when the grid is cleaner.",
    Activity.UPLOAD: "It is uploading: pause the upload, or move it to an hour when the grid is cleaner.",
    Activity.CALL: "It is in a call: switch the camera off, or lower the resolution.",
    Activity.BROWSING: "It is browsing: close the tabs that play or reload in the background.",
    Activity.IDLE: "Its network is idle: look for programs that keep the processor busy.",
}
"""Advice for each activity that allows some."""
