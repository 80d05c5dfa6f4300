"""Suffixes of file names that are taken for images and for videos."""

from __future__ import annotations

IMAGE_SUFFIXES = frozenset(
    {
        *(".avif", ".avifs", ".bmp", ".heic", ".heics", ".heif", ".heifs", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg"),
        *(".jxl", ".pbm", ".pfm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
    }
)
"""Suffixes of single images, lower case. What cannot be read of them says so, rather than being left out."""

VIDEO_SUFFIXES = frozenset(
    {
        *(".264", ".265", ".266", ".3g2", ".3gp", ".3gp2", ".3gpp", ".3gpp2", ".amv", ".apng", ".asf", ".av1"),
        *(".avc", ".avi", ".dav", ".dif", ".divx", ".dv", ".dvr-ms", ".evo", ".f4v", ".flv", ".gif", ".gxf"),
        *(".h264", ".h265", ".h266", ".hevc", ".insv", ".ismv", ".ivf", ".lrv", ".m1v", ".m2p", ".m2t", ".m2ts"),
        *(".m2v", ".m4v", ".mj2", ".mjp2", ".mjpeg", ".mjpg", ".mk3d", ".mkv", ".mod", ".mov", ".mp2v", ".mp4"),
        *(".mp4v", ".mpe", ".mpeg", ".mpg", ".mpg4", ".mpv", ".mts", ".mxf", ".nsv", ".nut", ".obu", ".ogm"),
        *(".ogv", ".ogx", ".qt", ".rm", ".rmvb", ".tod", ".tp", ".trp", ".ts", ".vc1", ".vob", ".vro"),
        *(".vvc", ".webm", ".wmv", ".wtv", ".xvid", ".y4m"),
    }
)
"""Suffixes of videos, lower case. A file with another suffix is still read as a video when it is named itself."""
